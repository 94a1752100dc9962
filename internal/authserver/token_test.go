package authserver_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

const formType = "application/x-www-form-urlencoded"

func TestCodeReplayRevokesWhatTheCodeGave(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	code := w.browser().signIn(c.request()).Get("code")
	_, out := c.redeem(code)
	access, refresh := out["access_token"].(string), out["refresh_token"].(string)
	status, again := c.redeem(code)
	wantRefused(t, "replay", status, again, http.StatusBadRequest, "invalid_grant")
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("the access token: %d", status)
	}
	status, again = c.refresh(refresh)
	wantRefused(t, "its refresh token", status, again, http.StatusBadRequest, "invalid_grant")
}

func TestACodeIsRefusedToEverybodyElse(t *testing.T) {
	w := newWorld(t)
	c, other := w.program(localRedirect), w.program(localRedirect)
	for name, changes := range map[string][]string{
		"another client":   {"client_id", other.id},
		"another verifier": {"code_verifier", strings.Repeat("x", 43)},
		"another redirect": {"redirect_uri", "http://127.0.0.1:4712/callback"},
		"another spelling": {"redirect_uri", "http://127.0.0.1:4711/callback?"},
	} {
		code := w.browser().signIn(c.request()).Get("code")
		status, out := c.redeem(code, changes...)
		wantRefused(t, name, status, out, http.StatusBadRequest, "invalid_grant")
		status, out = c.redeem(code)
		wantRefused(t, "the client, after "+name, status, out, http.StatusBadRequest, "invalid_grant")
	}
	for _, name := range []string{"code", "code_verifier"} {
		code := w.browser().signIn(c.request()).Get("code")
		status, out := c.redeem(code, name, "")
		wantRefused(t, "without "+name, status, out, http.StatusBadRequest, "invalid_request")
		if status, out := c.redeem(code); status != http.StatusOK {
			t.Errorf("a request that was no use ended the code: %d %v", status, out)
		}
	}
	status, out := c.redeem(w.browser().signIn(c.request()).Get("code"), "resource", w.url)
	wantRefused(t, "another resource", status, out, http.StatusBadRequest, "invalid_target")
}

func TestACodeThatComesTooLateIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	code := w.browser().signIn(c.request()).Get("code")
	w.ahead.Store(int64(time.Minute + time.Second))
	status, out := c.redeem(code)
	wantRefused(t, "late", status, out, http.StatusBadRequest, "invalid_grant")
}

func TestRefreshReuseRevokesTheFamily(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	_, first := c.tokens(w.browser())
	_, out := c.refresh(first)
	w.ahead.Store(int64(10*time.Minute + 2*time.Second))
	status, again := c.refresh(first)
	wantRefused(t, "reuse", status, again, http.StatusBadRequest, "invalid_grant")
	status, again = c.refresh(out["refresh_token"].(string))
	wantRefused(t, "the thief's or the owner's", status, again, http.StatusBadRequest, "invalid_grant")
}

func TestARefreshTokenIsGoodForItsOwnClientAndResource(t *testing.T) {
	w := newWorld(t)
	c, other := w.program(localRedirect), w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	status, out := other.refresh(refresh)
	wantRefused(t, "another client", status, out, http.StatusBadRequest, "invalid_grant")
	status, out = c.refresh(refresh, "resource", w.url)
	wantRefused(t, "another resource", status, out, http.StatusBadRequest, "invalid_target")
	status, out = c.refresh(refresh[:len(refresh)-2] + "AA")
	wantRefused(t, "forged", status, out, http.StatusBadRequest, "invalid_grant")
	if status, out = c.refresh(refresh, "resource", w.url+"/mcp/", "scope", "messages:read"); status != http.StatusOK || out["scope"] != "messages:read" {
		t.Errorf("%d %v", status, out)
	}
}

func TestOnlyAPersonShutOutLosesTheGrant(t *testing.T) {
	w := newWorld(t, func(o *authserver.Options) { o.Patience = time.Second })
	w.insists = true
	c := w.program(localRedirect)
	access, refresh := c.tokens(w.browser())
	w.insists = false
	for _, err := range []error{authserver.ErrUnavailable, errors.New("a secret cause")} {
		w.provider.set("", nil, err)
		status, out := c.refresh(refresh)
		wantRefused(t, err.Error(), status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
		if out["Retry-After"] != "5" || strings.Contains(out["error_description"].(string), "secret") {
			t.Errorf("%v", out)
		}
	}
	w.provider.set("", nil, nil)
	w.insists = true
	if status, _ := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
	w.provider.set("", nil, authserver.ErrNotAllowed)
	status, out := c.refresh(refresh)
	wantRefused(t, "turned away", status, out, http.StatusBadRequest, "invalid_grant")
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("the access token: %d", status)
	}
	if strings.Contains(w.log.String(), "secret") {
		t.Errorf("logged: %s", w.log.String())
	}
}

func TestInvalidTokenRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	ask := func(contentType, body string) (int, map[string]any) { return w.post("/oauth/token", contentType, body) }
	good := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {c.id}}.Encode()
	for name, tc := range map[string]struct{ contentType, body, code string }{
		"password grant":     {formType, "grant_type=password&client_id=x", "unsupported_grant_type"},
		"no grant type":      {formType, "client_id=x", "unsupported_grant_type"},
		"JSON":               {"application/json", `{"grant_type":"refresh_token"}`, "invalid_request"},
		"parameter twice":    {formType, good + "&refresh_token=x", "invalid_request"},
		"client twice":       {formType, good + "&client_id=x", "invalid_request"},
		"too much":           {formType, good + "&x=" + strings.Repeat("x", 70<<10), "invalid_request"},
		"no refresh token":   {formType, "grant_type=refresh_token&client_id=" + url.QueryEscape(c.id), "invalid_request"},
		"parameters missing": {formType, "grant_type=authorization_code&client_id=" + url.QueryEscape(c.id), "invalid_request"},
	} {
		status, out := ask(tc.contentType, tc.body)
		wantRefused(t, name, status, out, http.StatusBadRequest, tc.code)
	}
	resp := must(w.server.Client().Post(w.url+"/oauth/token?"+good, formType, nil))
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("parameters in the query: %d", resp.StatusCode)
	}
	if status, _ := ask(formType, good); status != http.StatusOK {
		t.Errorf("the good one: %d", status)
	}
}

func TestRevocationEndsTheGrantByEitherToken(t *testing.T) {
	w := newWorld(t)
	c, other := w.program(localRedirect), w.program(localRedirect)
	revoke := func(id, token string) (int, map[string]any) {
		return w.post("/oauth/revoke", formType, url.Values{"client_id": {id}, "token": {token}, "token_type_hint": {"unknown"}}.Encode())
	}
	for _, which := range []string{"access", "refresh"} {
		access, refresh := c.tokens(w.browser())
		token := map[string]string{"access": access, "refresh": refresh}[which]
		status, out := revoke(other.id, token)
		wantRefused(t, "another client's", status, out, http.StatusBadRequest, "unauthorized_client")
		if status, _ := w.call(access); status != http.StatusOK {
			t.Fatal(status)
		}
		for range 2 { // the second time there is nothing left
			if status, out := revoke(c.id, token); status != http.StatusOK || len(out) != 0 {
				t.Errorf("%d %v", status, out)
			}
		}
		if status, _ := w.call(access); status != http.StatusUnauthorized {
			t.Errorf("by the %s token: %d", which, status)
		}
		status, out = c.refresh(refresh)
		wantRefused(t, "refresh", status, out, http.StatusBadRequest, "invalid_grant")
	}
	if status, out := revoke(c.id, "no token of ours"); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	status, out := revoke(c.id, "")
	wantRefused(t, "no token", status, out, http.StatusBadRequest, "invalid_request")
	status, out = revoke("made-up", "x")
	wantRefused(t, "no client", status, out, http.StatusUnauthorized, "invalid_client")
}

package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
)

func TestAFaultyRequestForASignInGoesBackToTheClient(t *testing.T) {
	p := newParty(t)
	for name, tc := range map[string]struct {
		code string
		more []string
	}{
		"no PKCE":         {"invalid_request", []string{"code_challenge", ""}},
		"plain PKCE":      {"invalid_request", []string{"code_challenge_method", "plain"}},
		"implicit":        {"unsupported_response_type", []string{"response_type", "token"}},
		"fragment":        {"invalid_request", []string{"response_mode", "fragment"}},
		"no openid":       {"invalid_scope", []string{"scope", "email"}},
		"request object":  {"request_not_supported", []string{"request", "x"}},
		"prompts":         {"invalid_request", []string{"prompt", "none login"}},
		"nobody":          {"login_required", []string{"login_hint", "eve"}},
		"resource's form": {"invalid_target", []string{"resource", "/mcp#x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if q := p.authorize("ann", tc.more...); q.Get("error") != tc.code || q.Has("code") {
				t.Errorf("the answer is %v, want %s", q, tc.code)
			}
		})
	}
}

func TestABrowserIsNeverSentToWhoMayNotAsk(t *testing.T) {
	p := newParty(t)
	for _, redirect := range []string{
		"", "https://evil.test/cb", "http://127.0.0.1.evil.test/cb", "http://localhost@evil.test/", "javascript:alert(1)",
		"http://u:p@localhost/", "http://localhost/#f", "//localhost/cb", "http://10.0.0.1/", "https://localhost/cb",
	} {
		q := url.Values{"client_id": {provider.ClientID}, "redirect_uri": {redirect}, "response_type": {"code"}}
		for _, path := range []string{"/oidc/authorize?", "/oidc/authorize/ann?", "/oidc/authorize/deny?"} {
			if r := p.do(http.StatusBadRequest, "GET", path+q.Encode(), ""); r.header.Get("Location") != "" {
				t.Errorf("%q: redirected", redirect)
			}
		}
	}
	for _, query := range []string{"client_id=x&redirect_uri=" + callback, "client_id=gateway&client_id=gateway", "%zz"} {
		p.do(http.StatusBadRequest, "GET", "/oidc/authorize?"+query, "")
	}
	p.control("", `{"redirect_uris":["https://gateway.test/cb"]}`)
	for redirect, status := range map[string]int{"https://gateway.test/cb": 303, "https://gateway.test/cb/": 400} {
		q := url.Values{"client_id": {provider.ClientID}, "redirect_uri": {redirect}}
		p.do(status, "GET", "/oidc/authorize/deny?"+q.Encode(), "")
	}
}

func TestTheTokenEndpointRefusesStrangers(t *testing.T) {
	p := newParty(t)
	for name, pairs := range map[string][]string{
		"wrong secret": {"client_secret", "x"}, "no secret": {"client_secret", ""}, "unknown": {"client_id", "x"},
		"a secret of none": {"client_id", provider.PublicClientID},
	} {
		t.Run(name, func(t *testing.T) {
			pairs = append(pairs, "grant_type", "refresh_token")
			if got := p.form(http.StatusUnauthorized, "/oidc/token", pairs...)["error"]; got != "invalid_client" {
				t.Errorf("refused with %v", got)
			}
		})
	}
	p.refused("invalid_request")
	p.refused("unsupported_grant_type", "grant_type", "password")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	p.do(http.StatusBadRequest, "POST", "/oidc/token", "grant_type=a&grant_type=b", form...)
	p.do(http.StatusBadRequest, "POST", "/oidc/token", strings.Repeat("a", 70<<10), form...)
	p.do(http.StatusBadRequest, "POST", "/oidc/token", "{}")
}

func TestAForgedTokenIsNotGoodAtREST(t *testing.T) {
	p := newParty(t)
	token := p.signIn("ann")
	parts := strings.Split(token.AccessToken, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	id, _ := token.Extra("id_token").(string)
	for name, forged := range map[string]string{
		"none": none + "." + parts[1] + ".", "ID token": id, "cut": parts[0] + "." + parts[1], "none at all": "x",
		"another body": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"user-2"}`)) + "." + parts[2],
		"refresh":      token.RefreshToken,
	} {
		t.Run(name, func(*testing.T) { p.messages(http.StatusUnauthorized, forged) })
	}
}

func TestThePageOffersBothPeopleAndADenial(t *testing.T) {
	p := newParty(t)
	ask := strings.TrimPrefix(p.config.AuthCodeURL(`"><script>`, oauth2.S256ChallengeOption(p.verifier)), p.url)
	page := p.do(http.StatusOK, "GET", ask, "")
	for _, want := range []string{"Simulation", "Ann Archer", "Ben Brooks", "Deny", "127.0.0.1:54321"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page.body, `"><script>`) || page.header.Get("Content-Security-Policy") == "" {
		t.Error("the state escaped, or there is no policy")
	}
	query := ask[strings.Index(ask, "?"):]
	for choice, want := range map[string]string{"ann": "code=", "deny": "error=access_denied", "eve": "error=login_required"} {
		r := p.do(http.StatusSeeOther, "GET", "/oidc/authorize/"+choice+query, "")
		if got := r.header.Get("Location"); !strings.Contains(got, want) {
			t.Errorf("%s leads to %s", choice, got)
		}
	}
	p.control("", `{"auto_approve":"ben"}`)
	if r := p.do(http.StatusSeeOther, "GET", ask, ""); !strings.Contains(r.header.Get("Location"), "code=") {
		t.Error("auto_approve asks")
	}
}

func TestTheProviderFailsAsItIsTold(t *testing.T) {
	p := newParty(t)
	token := p.signIn("ann")
	p.control("", `{"down_requests":2,"clock_skew_seconds":3600}`)
	for range 2 {
		p.refresh(http.StatusServiceUnavailable, token.RefreshToken)
	}
	p.fault(`{"operation":"token","kind":"drop_after_commit"}`)
	if r, err := p.try("POST", "/oidc/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {p.config.ClientID},
		"client_secret": {p.config.ClientSecret},
	}.Encode(), "Content-Type", "application/x-www-form-urlencoded"); err == nil {
		t.Errorf("there was an answer: %d", r.status)
	}
	p.refresh(http.StatusBadRequest, token.RefreshToken) // it had been rotated: the answer was lost

	skewed := p.signIn("ann")
	id, err := p.verify(skewed)
	if err != nil || !id.IssuedAt.Equal(begin.Add(3600*1e9)) {
		t.Errorf("the ID token was issued at %v, %v", id, err)
	}
	p.fault(`{"operation":"jwks","kind":"status","status":500}`)
	p.do(http.StatusInternalServerError, "GET", "/oidc/jwks", "")
	if got := p.requests()["token"]; got != 6 {
		t.Errorf("%d requests for tokens were counted, want 6", got)
	}
}

func TestControlOfTheProviderRefusesNonsense(t *testing.T) {
	p := newParty(t)
	for _, tc := range [][2]string{
		{"", `{"access_token_seconds":0}`}, {"", `{"nobody":1}`}, {"", `{"auto_approve":"eve"}`}, {"", `{} {}`}, {"", `[`},
		{"", `{"down_requests":-1}`}, {"", `{"redirect_uris":["/x"]}`}, {"", `{"clock_skew_seconds":99999999}`},
		{"/keys", `{"alg":"none"}`}, {"/revoke", `{"person":"eve"}`},
	} {
		before := p.do(http.StatusOK, "GET", "/_sandbox/oidc", "").body
		p.do(http.StatusBadRequest, "PUT", "/_sandbox/oidc"+tc[0], tc[1])
		if after := p.do(http.StatusOK, "GET", "/_sandbox/oidc", "").body; after != before {
			t.Errorf("%s changed the settings to %s", tc[1], after)
		}
	}
	p.do(http.StatusForbidden, "PUT", "/_sandbox/oidc", `{}`, "Origin", "https://evil.test")
}

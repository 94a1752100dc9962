package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// wide makes the root cover /mcp, and what names no resource a token for the root.
func wide(o *authserver.Options) {
	o.DefaultResource = o.PublicURL.String()
	o.Covers = token.Endpoints{Covers: func(wide, narrow string) bool { return wide == "" || wide == narrow }}.Good
}

// audience is whom an access token is for.
func audience(t *testing.T, access any) string {
	t.Helper()
	text, _ := access.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%v is not a token", access)
	}
	var c struct {
		Audience json.RawMessage `json:"aud"`
	}
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &c); err != nil {
		t.Fatal(err)
	}
	return string(c.Audience)
}

func TestScopesOfOthersAreAsIfNoneWereNamed(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	status, out := c.redeem(w.browser().signIn(c.request("scope", "openid email profile")).Get("code"), "scope", "openid email profile")
	if status != http.StatusOK || out["scope"] != strings.Join(scopeNames, " ") {
		t.Fatalf("%d %v", status, out)
	}
	status, out = c.refresh(out["refresh_token"].(string), "scope", "openid offline_access")
	if status != http.StatusOK || out["scope"] != strings.Join(scopeNames, " ") {
		t.Errorf("refresh: %d %v", status, out)
	}
}

func TestACodeNeedsNoRedirect(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	if status, out := c.redeem(w.browser().signIn(c.request()).Get("code"), "redirect_uri", ""); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
}

func TestSeveralResourcesAreTakenIfAllAreOurs(t *testing.T) {
	w := newWorld(t, wide)
	c := w.program(localRedirect)
	mcp := "&resource=" + url.QueryEscape(w.url+"/mcp")
	root := "&resource=" + url.QueryEscape(w.url+"/")
	for name, tt := range map[string]struct{ query, want string }{
		"twice the same": {mcp + mcp, `"` + w.url + `/mcp"`},
		"two":            {mcp + root, `["` + w.url + `/mcp","` + w.url + `/"]`},
		"an empty one":   {mcp + "&resource=", `"` + w.url + `/mcp"`},
	} {
		_, out := c.redeem(w.browser().signIn(c.request("resource", "") + tt.query).Get("code"))
		if got := audience(t, out["access_token"]); got != tt.want {
			t.Errorf("%s: for %s, want %s", name, got, tt.want)
		}
	}
	at := w.browser().open(c.request() + "&resource=" + url.QueryEscape("https://other.example/mcp"))
	if q := must(url.Parse(at.location)).Query(); q.Get("error") != "invalid_target" {
		t.Errorf("one of ours and another: %q", at.location)
	}
}

func TestATokenRequestMayNarrowTheResource(t *testing.T) {
	w := newWorld(t, wide)
	c := w.program(localRedirect)
	_, out := c.redeem(w.browser().signIn(c.request("resource", "")).Get("code"), "resource", w.url+"/mcp")
	if got := audience(t, out["access_token"]); got != `"`+w.url+`/mcp"` {
		t.Errorf("narrowed: for %s", got)
	}
	_, out = c.refresh(out["refresh_token"].(string))
	if got := audience(t, out["access_token"]); got != `"`+w.url+`"` {
		t.Errorf("refreshed without one: for %s", got)
	}
	_, out = c.redeem(w.browser().signIn(c.request()).Get("code"))
	status, refused := c.refresh(out["refresh_token"].(string), "resource", w.url)
	wantRefused(t, "a wider one", status, refused, http.StatusBadRequest, "invalid_target")
}

func TestARequestThatNamesNothingIsOfferedReading(t *testing.T) {
	w := newWorld(t, wide)
	c := w.program(localRedirect)
	const everywhere = "at every address of this gateway"
	for name, tt := range map[string]struct {
		changes    []string
		ticked     []string
		everywhere bool
	}{
		"nothing":              {[]string{"resource", "", "scope", ""}, []string{"messages:read"}, true},
		"scopes of others":     {[]string{"resource", "", "scope", "openid email"}, []string{"messages:read"}, true},
		"a scope":              {[]string{"resource", "", "scope", "messages:send"}, []string{"messages:send"}, true},
		"an endpoint":          {[]string{"scope", ""}, scopeNames, false},
		"the gateway by name":  {[]string{"resource", w.url + "/", "scope", ""}, scopeNames, true},
		"an endpoint and more": {[]string{"scope", "messages:send"}, []string{"messages:send"}, false},
	} {
		page := w.browser().open(c.request(tt.changes...)).body
		var ticked []string
		for _, scope := range scopeNames {
			if strings.Contains(page, `value="`+scope+`" checked`) {
				ticked = append(ticked, scope)
			}
		}
		if !slices.Equal(ticked, tt.ticked) || strings.Contains(page, everywhere) != tt.everywhere {
			t.Errorf("%s: ticked %q, everywhere %v", name, ticked, strings.Contains(page, everywhere))
		}
	}
}

func TestEndpointsAreAtTheirOldPathsToo(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	if at := w.browser().open(strings.Replace(c.request(), "/oauth/authorize", "/authorize", 1)); at.status != http.StatusOK || !strings.Contains(at.body, "wants to access") {
		t.Errorf("/authorize: %d", at.status)
	}
	status, out := w.post("/register", "application/json", `{"redirect_uris":["`+localRedirect+`"],"token_endpoint_auth_method":"none"}`)
	if status != http.StatusCreated || out["client_id"] == "" {
		t.Errorf("/register: %d %v", status, out)
	}
	status, out = w.post("/token", "application/x-www-form-urlencoded", url.Values{
		"client_id": {c.id}, "grant_type": {"authorization_code"}, "code": {w.browser().signIn(c.request()).Get("code")},
		"redirect_uri": {c.redirect}, "code_verifier": {c.verifier},
	}.Encode())
	if status != http.StatusOK {
		t.Fatalf("/token: %d %v", status, out)
	}
	access, _ := out["access_token"].(string)
	status, _ = w.post("/revoke", "application/x-www-form-urlencoded", url.Values{"client_id": {c.id}, "token": {access}}.Encode())
	if now, _ := w.call(access); status != http.StatusOK || now != http.StatusUnauthorized {
		t.Errorf("/revoke: %d, and the token is answered %d", status, now)
	}
}

func TestManyOrLongRedirectsAreRegistered(t *testing.T) {
	w := newWorld(t)
	sixty := make([]string, 20)
	for i := range sixty {
		sixty[i] = `"https://app.example/` + strings.Repeat("x", 37) + string(rune('a'+i)) + `ab"`
	}
	for name, redirects := range map[string]string{
		"twenty of 60": strings.Join(sixty, ","),
		"one of 400":   `"https://app.example/` + strings.Repeat("x", 380) + `"`,
	} {
		status, out := w.post("/oauth/register", "application/json", `{"redirect_uris":[`+redirects+`],"token_endpoint_auth_method":"none"}`)
		id, _ := out["client_id"].(string)
		if status != http.StatusCreated || id == "" {
			t.Errorf("%s: %d %v", name, status, out)
			continue
		}
		first := strings.Trim(strings.Split(redirects, ",")[0], `"`)
		c := &program{w: w, id: id, redirect: first, verifier: strings.Repeat("v", 43)}
		access, _ := c.tokens(w.browser())
		if status, _ := w.call(access); status != http.StatusOK || len(access) > 1500 {
			t.Errorf("%s: a token of %d bytes is answered %d", name, len(access), status)
		}
	}
}

func TestADeniedClientOfALongIDIsDeniedByItsToken(t *testing.T) {
	id := strings.Repeat("x", 600)
	list := must(authserver.ParseClients([]byte(`{"denied":["` + id + `"]}`)))
	if !list.Denies(id) || !list.Denies(grant.ClientRef(id)) || list.Denies(strings.Repeat("x", 599)) {
		t.Error("the list does not know what it denies")
	}
}

func TestAnEmptyRedirectListTellsThePersonWhatToDo(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{`{}`, `{"redirect_uris":[]}`, `{"redirect_uris":null}`} {
		status, out := w.post("/oauth/register", "application/json", body)
		text, _ := out["error_description"].(string)
		if status != http.StatusBadRequest || out["error"] != "invalid_redirect_uri" || !strings.Contains(text, "sign in to this server there again") {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
}

package authserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

const (
	webRedirect   = "https://app.example/callback"
	localRedirect = "http://127.0.0.1:4711/callback"
	documentID    = "https://app.example/client.json"
)

// serves answers requests for metadata documents.
func serves(body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: http.StatusOK, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

const goodDocument = `{"client_id":"` + documentID + `","client_name":"Example app","redirect_uris":["` + webRedirect + `"]}`

func listed(t testing.TB) func(*authserver.Options) {
	return func(o *authserver.Options) {
		var err error
		if o.Clients, err = authserver.ParseClients([]byte(`{"clients":[
			{"client_id":"warehouse","client_secret":"a-secret-of-the-warehouse","client_name":"Warehouse","redirect_uris":["` + webRedirect + `"]},
			{"client_id":"blocked","redirect_uris":["` + webRedirect + `"]}
		],"denied":["blocked","https://bad.example/client.json"]}`)); err != nil {
			t.Fatal(err)
		}
	}
}

// The SDK's own handler goes all the way, each request on another replica.
func TestTheSDKSignsInByEveryKindOfRegistration(t *testing.T) {
	for name, config := range map[string]*auth.AuthorizationCodeHandlerConfig{
		"metadata document": {
			ClientIDMetadataDocumentConfig: &auth.ClientIDMetadataDocumentConfig{URL: documentID}, RedirectURL: webRedirect,
		},
		"registration without secret": {DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName: "SDK", RedirectURIs: []string{localRedirect}, TokenEndpointAuthMethod: "none",
			},
		}},
		"registration with secret": {DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{ClientName: "SDK", RedirectURIs: []string{webRedirect}},
		}},
		"pre-registered": {
			PreregisteredClient: &oauthex.ClientCredentials{
				ClientID: "warehouse", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: "a-secret-of-the-warehouse"},
			},
			RedirectURL: webRedirect,
		},
	} {
		for _, realRedis := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, real Redis %v", name, realRedis), func(t *testing.T) {
				signInWithTheSDK(t, newWorldOver(t, realRedis, listed(t)), *config)
			})
		}
	}
}

func signInWithTheSDK(t *testing.T, w *world, config auth.AuthorizationCodeHandlerConfig) {
	w.fetch = serves(goodDocument)
	config.Client = w.server.Client()
	config.RequestRefreshToken = true
	config.AuthorizationCodeFetcher = func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
		q := w.browser().signIn(args.URL)
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	}
	handler := must(auth.NewAuthorizationCodeHandler(&config))
	resp := must(w.server.Client().Post(w.url+"/mcp", "application/json", nil))
	if err := handler.Authorize(t.Context(), resp.Request, resp); err != nil {
		t.Fatal(err)
	}
	first := must(must(handler.TokenSource(t.Context())).Token())
	if status, body := w.call(first.AccessToken); status != http.StatusOK || !strings.HasPrefix(body, "https://id.example#ann ") {
		t.Errorf("%d %s", status, body)
	}
	if first.RefreshToken == "" || time.Until(first.Expiry) > time.Hour || time.Until(first.Expiry) < 50*time.Minute {
		t.Errorf("refresh %q, expires %v", first.RefreshToken, first.Expiry)
	}
	if log := w.log.String(); log != "" {
		t.Errorf("logged: %s", log)
	}
}

func TestMetadataSaysWhatIsThere(t *testing.T) {
	w := newWorld(t)
	m := must(auth.GetAuthServerMetadata(t.Context(), w.url, w.server.Client()))
	if m.Issuer != w.url || !slices.Equal(m.CodeChallengeMethodsSupported, []string{"S256"}) ||
		!m.AuthorizationResponseIssParameterSupported || !m.ClientIDMetadataDocumentSupported {
		t.Errorf("%+v", m)
	}
	if want := []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}; !slices.Equal(m.TokenEndpointAuthMethodsSupported, want) ||
		!slices.Equal(m.TokenEndpointAuthSigningAlgValuesSupported, []string{"RS256", "ES256", "EdDSA"}) {
		t.Errorf("%+v", m)
	}
	read := func(path string) string {
		resp := must(w.server.Client().Get(w.url + path))
		defer func() { _ = resp.Body.Close() }()
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
		return string(must(io.ReadAll(resp.Body)))
	}
	if a, b := read(authserver.MetadataPath), read(authserver.OpenIDMetadataPath); a != b {
		t.Errorf("the alias differs:\n%s\n%s", a, b)
	}
	if keys := read(authserver.KeysPath); !strings.Contains(keys, `"kty":"OKP"`) || strings.Contains(keys, `"d":`) {
		t.Errorf("keys %s", keys)
	}
}

func TestAuthorizationResponseHasIssuerAndState(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	q := w.browser().signIn(c.request())
	if q.Get("iss") != w.url || q.Get("state") != "state-1" || q.Get("code") == "" {
		t.Errorf("%v", q)
	}
	q = w.browser().signIn(c.request("state", ""))
	if q.Has("state") || q.Get("code") == "" || q.Get("iss") != w.url {
		t.Errorf("without state: %v", q)
	}
}

func TestLoopbackRedirectPortIsFreeAndBoundToItsCode(t *testing.T) {
	w := newWorld(t)
	c := w.program("http://127.0.0.1/callback")
	c.redirect = "http://127.0.0.1:50123/callback"
	code := w.browser().signIn(c.request()).Get("code")
	if status, out := c.redeem(code); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	code = w.browser().signIn(c.request()).Get("code")
	status, out := c.redeem(code, "redirect_uri", "http://127.0.0.1:50124/callback")
	wantRefused(t, "another port", status, out, http.StatusBadRequest, "invalid_grant")
}

func TestAnAppIsLedBackByItsOwnScheme(t *testing.T) {
	w := newWorld(t)
	c := w.program("cursor://anysphere.cursor/oauth/callback")
	at := w.browser().follow(c.request())
	if u := must(url.Parse(at.location)); u.Scheme != "cursor" || u.Host != "anysphere.cursor" || u.Query().Get("code") == "" {
		t.Errorf("%s", at.location)
	}
	p := w.browser()
	p.allow = func(f url.Values) { f.Set("decision", "deny") }
	if at := p.follow(c.request()); !strings.Contains(at.body, `href="cursor://anysphere.cursor/oauth/callback?error=access_denied`) || at.location != "" {
		t.Errorf("denied: %q\n%s", at.location, at.body)
	}
}

func TestAPersonMayGiveFewerScopes(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	p := w.browser()
	p.allow = func(f url.Values) { f["scope"] = []string{"messages:read", "contacts:write", "made:up"} }
	_, out := c.redeem(p.signIn(c.request()).Get("code"))
	if out["scope"] != "messages:read" { // the others were not asked for
		t.Errorf("scope %q", out["scope"])
	}
	if _, body := w.call(out["access_token"].(string)); body != "https://id.example#ann messages:read" {
		t.Error(body)
	}
	status, more := c.refresh(out["refresh_token"].(string), "scope", "messages:send")
	wantRefused(t, "more than given", status, more, http.StatusBadRequest, "invalid_scope")
	status, more = c.refresh(out["refresh_token"].(string), "scope", "messages:read messages:send")
	wantRefused(t, "more beside what was given", status, more, http.StatusBadRequest, "invalid_scope")
}

func TestARefreshGoesOnOnAnyReplicaAndAsksForThePerson(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	for range 4 {
		status, out := c.refresh(refresh)
		if status != http.StatusOK || out["refresh_token"] == refresh {
			t.Fatalf("%d %v", status, out)
		}
		status, again := c.refresh(refresh) // the answer was lost
		if status != http.StatusOK || again["refresh_token"] != out["refresh_token"] {
			t.Fatalf("%d %v", status, again)
		}
		refresh = out["refresh_token"].(string)
		w.ahead.Add(int64(11 * time.Minute)) // the family is rotated once in a grace period
		if status, _ := w.call(out["access_token"].(string)); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	w.provider.mu.Lock()
	defer w.provider.mu.Unlock()
	if len(w.provider.asked) != 8 {
		t.Fatalf("asked %d times", len(w.provider.asked))
	}
	if p := w.provider.asked[7]; string(p.Upstream) != "upstream of ann" || p.Grant == "" || p.Subject != "https://id.example#ann" {
		t.Errorf("%+v", p)
	}
}

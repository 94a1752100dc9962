package upstream

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/identity"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// says looks for what an operator is to learn of a failure, and for what nobody may.
func says(t *testing.T, err error, want string, act bool) {
	t.Helper()
	var known interface{ LogReason() string }
	if !errors.As(err, &known) {
		t.Fatalf("%v has no reason for a log", err)
	}
	reason := known.LogReason()
	if !strings.Contains(reason, want) {
		t.Errorf("%q; want %q in it", reason, want)
	}
	if OperatorMustAct(err) != act {
		t.Errorf("%q: an operator must act: %t, want %t", reason, !act, act)
	}
	for _, secret := range []string{clientSecret, "leaked", "code_verifier", "access-1", "ann@example.com"} {
		if strings.Contains(reason, secret) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q has %q in it", reason, secret)
		}
	}
}

func signedBy(t *testing.T, alg jose.SignatureAlgorithm, key any) func(*idp, url.Values) {
	return func(i *idp, _ url.Values) {
		i.sign = func(c map[string]any) string { return signed(t, jose.SigningKey{Algorithm: alg, Key: key}, c) }
	}
}

func TestASignInThatFailsSaysWhy(t *testing.T) {
	other := closedIDP(t)
	claims := func(c map[string]any) func(*idp, url.Values) { return func(i *idp, _ url.Values) { i.claims = c } }
	answers := func(code, description string) func(*idp, url.Values) {
		return func(_ *idp, a url.Values) {
			a.Del("code")
			a.Set("error", code)
			a.Set("error_description", description)
		}
	}
	token := func(status int, body string) func(*idp, url.Values) {
		return func(i *idp, _ url.Values) { i.rawCode, i.rawType, i.raw = status, "application/json", body }
	}
	userInfo := func(change func(i *idp)) func(*idp, url.Values) {
		return func(i *idp, _ url.Values) { i.claims = map[string]any{"email": nil}; change(i) }
	}
	for _, tt := range []struct {
		name string
		put  func(i *idp, answer url.Values)
		want string
		act  bool
	}{
		{"HS256", signedBy(t, jose.HS256, []byte(strings.Repeat("k", 32))), "signed the ID token with HS256, for which the client secret is the key; set a signing key", true},
		{"an algorithm that is not announced", signedBy(t, jose.PS256, rsaKey(t)), "with PS256", true},
		{"no algorithm", rawToken(`{"alg":"none"}`), "is not signed", true},
		{"an algorithm with a name of many words", rawToken(`{"alg":"the secret is"}`), "its header names none", true},
		{"an encrypted token", func(i *idp, _ url.Values) { i.sign = func(map[string]any) string { return "a.b.c.d.e" } }, "it is encrypted", true},
		{"no token at all", func(i *idp, _ url.Values) { i.sign = func(map[string]any) string { return "opaque" } }, "not a JWT", true},
		{"an ID token without end", claims(map[string]any{"x": strings.Repeat("x", maxIDToken)}), "longer than 256 KiB", true},
		{"a claim of a wrong kind", claims(map[string]any{"exp": "tomorrow"}), "malformed: a claim", true},
		{"a key that is not published", signedBy(t, jose.ES256, other.keys[0]), "a key that the provider does not publish", true},
		{"a wrong signature", func(i *idp, _ url.Values) {
			i.sign = func(c map[string]any) string {
				key := other.keys[0]
				key.KeyID = i.keys[0].KeyID
				return signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, c)
			}
		}, "the signature of the ID token does not verify", true},
		{"another issuer", claims(map[string]any{"iss": "https://other.example"}), "the ID token is of https://other.example, expected http://127.0.0.1", true},
		{"an issuer that is a text", claims(map[string]any{"iss": "the secret is\n"}), "of something that is not the URL of an issuer", true},
		{"another client", claims(map[string]any{"aud": "x"}), "aud does not have the client of --oidc-client-id", true},
		{"another authorized party", claims(map[string]any{"azp": "x"}), "azp is not the client of --oidc-client-id", true},
		{"expired", func(i *idp, _ url.Values) { i.claims = map[string]any{"exp": i.now.Add(-90 * time.Second).Unix()} }, "it ended 1m30s ago; are the clocks", true},
		{"long expired", claims(map[string]any{"exp": 1}), "more than", true},
		{"without an end", claims(map[string]any{"exp": nil}), "does not say when it ends", true},
		{"from the future", func(i *idp, _ url.Values) { i.claims = map[string]any{"iat": i.now.Add(time.Hour).Unix()} }, "issued 60 minutes in the future; are the clocks", true},
		{"not good yet", func(i *idp, _ url.Values) { i.claims = map[string]any{"nbf": i.now.Add(time.Hour).Unix()} }, "not good yet; are the clocks", true},
		{"no nonce", claims(map[string]any{"nonce": nil}), "the ID token has no nonce", true},
		{"another nonce", claims(map[string]any{"nonce": "x"}), "the ID token has another nonce", false},
		{"at_hash", claims(map[string]any{"at_hash": "x"}), "the access token is not the one", true},
		{"no subject", claims(map[string]any{"sub": nil}), "sub of the ID token is missing", true},

		{"a state of another sign-in", func(_ *idp, a url.Values) { a.Set("state", "x") }, "belongs to another sign-in", false},
		{"an answer of another issuer", func(_ *idp, a url.Values) { a.Set("iss", "https://other.example") }, "the answer is of https://other.example, expected", true},
		{"unauthorized_client", answers("unauthorized_client", "leaked"), "error=unauthorized_client: the client of --oidc-client-id", true},
		{"invalid_scope", answers("invalid_scope", "leaked"), "error=invalid_scope: the provider does not give this client a scope of --oidc-scopes", true},
		{"access_denied", answers("access_denied", "AADSTS50105: leaked"), "error=access_denied AADSTS50105", false},
		{"server_error", answers("server_error", "leaked"), "provider_error: error=server_error", false},
		{"login_required", answers("login_required", ""), "error=login_required", false},
		{"an error that is a text", answers("leaked: the secret", ""), "error is not a code of OAuth", true},

		{"a code that the provider does not know", func(_ *idp, a url.Values) { a.Set("code", "x") }, "did not accept the code", false},
		{"a wrong secret", func(i *idp, _ url.Values) { i.auth = "another secret" }, "client_secret_basic and client_secret_post were both refused: is " +
			"--oidc-client-secret (OIDC_CLIENT_SECRET) the secret of the client --oidc-client-id (OIDC_CLIENT_ID), and what", true},
		{"unauthorized_client at the token endpoint", token(400, `{"error":"unauthorized_client"}`), "unauthorized_client (status 400): the provider does not let", true},
		{"another error at the token endpoint", token(403, `{"error":"mfa_needed","error_description":"AADSTS50076: leaked"}`), "error=mfa_needed AADSTS50076", true},
		{"an error at the token endpoint that is a text", token(400, `{"error":"leaked: the secret"}`), "error is not a code of OAuth", true},
		{"a page at the token endpoint", token(200, `<h1>leaked`), "token_endpoint_no_tokens (status 200)", true},
		{"invalid_request at the token endpoint", token(400, `{"error":"invalid_request"}`), "error=invalid_request", true},
		{"no ID token", token(200, `{"access_token":"access-1","token_type":"Bearer"}`), "gave no ID token: is it an OpenID Connect provider", true},
		{"a token endpoint that is down", token(502, `leaked`), "token_endpoint_status (status 502)", false},

		{"user info 401", userInfo(func(i *idp) { i.infoCode = 401 }), "user_info_status (status 401): the provider does not take the access token", true},
		{"user info 403", userInfo(func(i *idp) { i.infoCode = 403 }), "user_info_status (status 403)", true},
		{"user info 404", userInfo(func(i *idp) { i.infoCode = 404 }), "user_info_status (status 404)", true},
		{"user info 500", userInfo(func(i *idp) { i.infoCode = 500 }), "user_info_status (status 500)", false},
		{"user info that is nothing", userInfo(func(*idp) {}), "user_info_malformed", true},
		{"user info of somebody else", userInfo(func(i *idp) { i.info = map[string]any{"sub": "bob"} }), "another", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
			p := i.provider(t)
			answer, kept := i.begin(t, p)
			i.set(func() { tt.put(i, answer) })
			_, err := p.Finish(t.Context(), answer, kept)
			says(t, err, tt.want, tt.act)
		})
	}
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rawToken is an ID token with a header and without a signature.
func rawToken(header string) func(*idp, url.Values) {
	return func(i *idp, _ url.Values) {
		i.sign = func(c map[string]any) string {
			payload, err := json.Marshal(c)
			if err != nil {
				i.t.Error(err)
			}
			e := base64.RawURLEncoding.EncodeToString
			return e([]byte(header)) + "." + e(payload) + "." + e([]byte("x"))
		}
	}
}

func TestMetadataThatCannotBeUsedSaysWhy(t *testing.T) {
	for _, tt := range []struct {
		name string
		put  func(i *idp)
		want string
		act  bool
	}{
		{"404", func(i *idp) { i.status = 404 }, "metadata_status (status 404): nothing at http://127.0.0.1", true},
		{"403", func(i *idp) { i.status = 403 }, "is --oidc-issuer (OIDC_ISSUER) right?", true},
		{"a redirect to somewhere else", func(i *idp) { i.status = 302 }, "metadata_status (status 302)", true},
		{"503", func(i *idp) { i.status = 503 }, "metadata_status (status 503): asked at http://127.0.0.1", false},
		{"429", func(i *idp) { i.status = 429 }, "metadata_status (status 429)", false},
		{"a slash too many", func(i *idp) { i.metadata = map[string]any{"issuer": i.URL + "/"} }, "only a slash at the end differs; set --oidc-issuer (OIDC_ISSUER)", true},
		{"another issuer", func(i *idp) { i.metadata = map[string]any{"issuer": "https://other.example"} },
			"found https://other.example: set --oidc-issuer (OIDC_ISSUER) to what was found, if that is the provider; if the provider only has another " +
				"address from inside, set --oidc-backchannel-url (OIDC_BACKCHANNEL_URL)", true},
		{"an issuer that is a text", func(i *idp) { i.metadata = map[string]any{"issuer": "leaked\n"} }, "found something that is not the URL of an issuer", true},
		{"no issuer", func(i *idp) { i.metadata = map[string]any{"issuer": ""} }, "it names no issuer; expected http://127.0.0.1", true},
		{"no token endpoint", func(i *idp) { i.metadata = map[string]any{"token_endpoint": ""} }, "token_endpoint is missing", true},
		{"tokens over http", func(i *idp) { i.metadata = map[string]any{"token_endpoint": "http://login.example.com/token"} }, "token_endpoint is not an https URL", true},
		{"keys over http", func(i *idp) { i.metadata = map[string]any{"jwks_uri": "http://login.example.com/keys"} }, "jwks_uri is not an https URL", true},
		{"sign-in over http", func(i *idp) { i.metadata = map[string]any{"authorization_endpoint": "http://login.example.com"} }, "authorization_endpoint is not an https URL", true},
		{"metadata of a wrong shape", func(i *idp) { i.metadata = map[string]any{"issuer": 5} }, "metadata_not_json", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			tt.put(i)
			_, _, err := i.provider(t).Begin(t.Context(), "s")
			says(t, err, tt.want, tt.act)
			if !errors.Is(err, ErrUnavailable) { // which ends nobody's login
				t.Error(err)
			}
		})
	}
}

func TestAProviderThatDoesNotAnswerSaysHow(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, tt := range []struct {
		name, issuer, want string
		act                bool
	}{
		{"nobody listens", closed.URL, "metadata_refused: asked at http://127.0.0.1", false},
		{"a certificate of somebody else", secure.URL, "metadata_tls: asked at https://127.0.0.1", true},
		{"no TLS there", strings.Replace(newIDP(t).URL, "http:", "https:", 1), "metadata_", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			transport := http.DefaultTransport.(*http.Transport).Clone()
			defer transport.CloseIdleConnections()
			p := newIDP(t).provider(t, func(o *ProviderOptions) { o.Issuer, o.Transport = tt.issuer, transport })
			_, _, err := p.Begin(t.Context(), "s")
			says(t, err, tt.want, tt.act)
		})
	}
}

func TestKeysThatCannotBeHadSayWhy(t *testing.T) {
	for _, tt := range []struct {
		name string
		put  func(i *idp)
		want string
		act  bool
	}{
		{"404", func(i *idp) { i.metadata = map[string]any{"jwks_uri": i.URL + "/nothing"} }, "keys_status (status 404): nothing at", true},
		{"only keys that cannot be read", func(i *idp) { i.keys, i.otherKeys = nil, brokenKeys() }, "keys_none_of_use", true},
		{"no keys", func(i *idp) { i.keys = nil }, "keys_none_of_use", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			token := i.idToken(nil)
			i.sign = func(map[string]any) string { return token }
			tt.put(i)
			_, err := i.signIn(t, i.provider(t))
			says(t, err, tt.want, tt.act)
			if !errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
			_, err = i.provider(t).Check(t.Context())
			says(t, err, tt.want, tt.act)
		})
	}
}

func TestCheckReportsWhatAProviderSaysOfItself(t *testing.T) {
	i := newIDP(t)
	i.otherKeys = brokenKeys()
	i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
	got, err := i.provider(t).Check(t.Context())
	if err != nil || got.Issuer != i.URL || got.TokenURL != i.URL+"/token" || got.KeysURL != i.URL+"/keys" ||
		got.UserInfoURL == "" || got.AuthorizationURL == "" || got.MetadataURL != i.URL+netx.OpenIDMetadata || got.UsableKeys < 1 || got.Keys != 7 || len(got.Doubts) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := i.asked("/tokenauthorization_code"); n != 0 {
		t.Error("the token endpoint was asked")
	}
	i = newIDP(t)
	i.metadata = map[string]any{
		"id_token_signing_alg_values_supported": []string{"HS256"}, "token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
	}
	got, err = i.provider(t, func(o *ProviderOptions) { o.ClientAuth = AuthPost }).Check(t.Context())
	if err != nil || len(got.Doubts) != 3 || !strings.Contains(got.Doubts[0], "set a signing key") {
		t.Errorf("%q, %v", got.Doubts, err)
	}
}

// Whom the rules turn away is not a failure of the provider's.
func TestWhoMayNotSignInIsNoFailureOfTheProvider(t *testing.T) {
	rules, err := identity.ParseRules([]string{"email_domain=other.example"})
	if err != nil {
		t.Fatal(err)
	}
	i := newIDP(t)
	_, err = i.signIn(t, i.provider(t, func(o *ProviderOptions) { o.Allow = rules.Admit }))
	if !errors.Is(err, ErrNotAllowed) || OperatorMustAct(err) {
		t.Error(err)
	}
}

package operator_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// openID is a provider that is there to be asked. edit changes what it answers.
func openID(t *testing.T, edit func(metadata map[string]any, answers map[string]http.HandlerFunc)) string {
	t.Helper()
	issuer := tokentest.NewIssuer(t) // for its keys
	answers := map[string]http.HandlerFunc{
		"/keys": func(w http.ResponseWriter, r *http.Request) {
			resp, err := issuer.Client().Get(issuer.URL + tokentest.KeysPath)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			_, _ = io.Copy(w, resp.Body)
		},
		"/token": says(http.StatusBadRequest, `{"error":"invalid_grant"}`),
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer, ok := answers[r.URL.Path]; ok {
			answer(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(srv.Close)
	metadata := map[string]any{
		"issuer": srv.URL, "authorization_endpoint": srv.URL + "/authorize", "token_endpoint": srv.URL + "/token", "jwks_uri": srv.URL + "/keys",
	}
	answers[tokentest.OpenIDPath] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metadata)
	}
	if edit != nil {
		edit(metadata, answers)
	}
	return srv.URL
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

const issuerSetting = "--oidc-issuer (OIDC_ISSUER)"

func TestConnectAsksTheProvider(t *testing.T) {
	t.Parallel()
	const metadata, keys, client = "provider metadata", "provider keys", "provider client"
	type answers = map[string]http.HandlerFunc
	all := func(m, k, c finding) map[string]finding { return map[string]finding{metadata: m, keys: k, client: c} }
	for name, tt := range map[string]struct {
		edit   func(metadata map[string]any, answers answers)
		issuer func(string) string
		want   map[string]finding
	}{
		"as it should be": {want: all(fine, finding{operator.ResultOK, "1 key", ""}, finding{operator.ResultOK, "knows", ""})},
		"nothing listens": {
			issuer: func(string) string { return "http://" + nowhere },
			want:   map[string]finding{metadata: failed("metadata_refused: asked at http://", issuerSetting)},
		},
		"no metadata": {
			issuer: func(s string) string { return s + "/realms/other" },
			want:   map[string]finding{metadata: failed("(status 404): nothing at http://", issuerSetting)},
		},
		"a slash too many": {
			issuer: func(s string) string { return s + "/" },
			want:   map[string]finding{metadata: failed("only a slash at the end differs", issuerSetting)},
		},
		"another issuer": {
			edit: func(m map[string]any, _ answers) { m["issuer"] = "https://login.example.com" },
			want: map[string]finding{metadata: failed("found https://login.example.com: set "+issuerSetting, issuerSetting)},
		},
		"an issuer that nobody wants to read": {
			edit: func(m map[string]any, _ answers) { m["issuer"] = "https://a.example/\x1b[2J" },
			want: map[string]finding{metadata: failed("something that is not the URL of an issuer", issuerSetting)},
		},
		"a page": {
			edit: func(_ map[string]any, a answers) { a[tokentest.OpenIDPath] = page },
			want: map[string]finding{metadata: failed("is not a provider's metadata", issuerSetting)},
		},
		"503": {
			edit: func(_ map[string]any, a answers) { a[tokentest.OpenIDPath] = status(http.StatusServiceUnavailable) },
			want: map[string]finding{metadata: failed("(status 503)", "try again")},
		},
		"no token endpoint": {
			edit: func(m map[string]any, _ answers) { delete(m, "token_endpoint") },
			want: map[string]finding{metadata: failed("token_endpoint is missing", issuerSetting)},
		},
		"no keys there": {
			edit: func(_ map[string]any, a answers) { a["/keys"] = http.NotFound },
			want: all(fine, failed("(status 404): nothing at http://", issuerSetting), fine),
		},
		"keys that are none": {
			edit: func(_ map[string]any, a answers) { a["/keys"] = page },
			want: all(fine, failed("publishes no key", issuerSetting), fine),
		},
		"a set without keys": {
			edit: func(_ map[string]any, a answers) { a["/keys"] = says(http.StatusOK, `{"keys":[]}`) },
			want: all(fine, failed("publishes no key", issuerSetting), fine),
		},
		"only keys to encrypt": {
			edit: func(_ map[string]any, a answers) {
				a["/keys"] = says(http.StatusOK, `{"keys":[{"kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
			},
			want: all(fine, failed("publishes no key", issuerSetting), fine),
		},
		"a wrong client secret": {
			edit: func(_ map[string]any, a answers) {
				a["/token"] = says(http.StatusUnauthorized, `{"error":"invalid_client"}`)
			},
			want: all(fine, fine, failed("invalid_client", "--oidc-client-secret (OIDC_CLIENT_SECRET)")),
		},
		"a client without the grant": {
			edit: func(_ map[string]any, a answers) {
				a["/token"] = says(http.StatusBadRequest, `{"error":"unauthorized_client"}`)
			},
			want: all(fine, fine, failed("unauthorized_client", "--oidc-client-id (OIDC_CLIENT_ID)")),
		},
		"a token endpoint that says nothing": {
			edit: func(_ map[string]any, a answers) {
				a["/token"] = says(http.StatusBadRequest, `{"error":"invalid_request"}`)
			},
			want: all(fine, fine, finding{operator.ResultUnknown, "does not tell", "sign in"}),
		},
		"a token endpoint that fails": {
			edit: func(_ map[string]any, a answers) { a["/token"] = status(http.StatusInternalServerError) },
			want: all(fine, fine, finding{operator.ResultUnknown, "does not tell", "sign in"}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Auth, cfg.ClientDocuments, cfg.AllowAnyUser = "oauth", "builtin", true
			cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = openID(t, tt.edit), "gateway", "s3cret-of-the-gateway"
			if tt.issuer != nil {
				cfg.OIDCIssuer = tt.issuer(cfg.OIDCIssuer)
			}
			got := probe(t, operator.ConnectOptions{Config: cfg})
			delete(got, "redis")
			delete(got, "rest api")
			expect(t, got, tt.want)
		})
	}
}

func TestConnectAsksTheTokenIssuer(t *testing.T) {
	t.Parallel()
	const issuerFlag, keysFlag = "--token-issuer (GATEWAY_TOKEN_ISSUER)", "--token-jwks-url (GATEWAY_TOKEN_JWKS_URL)"
	for name, tt := range map[string]struct {
		edit func(*tokentest.Issuer, *config.Config)
		want finding
	}{
		"as it should be": {want: finding{operator.ResultOK, "1 key", ""}},
		"by its address": {
			edit: func(i *tokentest.Issuer, c *config.Config) { c.TokenJWKSURLs = []string{i.URL + tokentest.KeysPath} }, want: fine,
		},
		"two keys": {
			edit: func(i *tokentest.Issuer, _ *config.Config) { i.Rotate() }, want: finding{operator.ResultOK, "2 keys", ""},
		},
		"nothing listens": {
			edit: func(_ *tokentest.Issuer, c *config.Config) { c.TokenIssuers = []string{"http://" + nowhere} },
			want: failed("refuses the connection", issuerFlag),
		},
		"502": {
			edit: func(i *tokentest.Issuer, _ *config.Config) { i.Fail(http.StatusBadGateway) }, want: failed("answers 502", "try again"),
		},
		"no metadata": {
			edit: func(i *tokentest.Issuer, _ *config.Config) { i.SetMetadata(tokentest.MetadataPath, nil) },
			want: failed("answers 404", issuerFlag),
		},
		"another issuer": {
			edit: func(i *tokentest.Issuer, _ *config.Config) {
				i.SetMetadata(tokentest.MetadataPath, nil)
				i.SetMetadata(tokentest.OpenIDPath, map[string]any{"issuer": i.URL + "/", "jwks_uri": i.URL + tokentest.KeysPath})
			},
			want: failed("is of the issuer http://", issuerFlag),
		},
		"metadata without keys": {
			edit: func(i *tokentest.Issuer, _ *config.Config) {
				i.SetMetadata(tokentest.MetadataPath, nil)
				i.SetMetadata(tokentest.OpenIDPath, map[string]any{"issuer": i.URL})
			},
			want: failed("names no usable jwks_uri", keysFlag),
		},
		"keys that are none": {
			edit: func(i *tokentest.Issuer, _ *config.Config) { i.SetKeySet([]byte("<html>")) }, want: failed("is not a JWK set", issuerFlag),
		},
		"a set without keys": {
			edit: func(i *tokentest.Issuer, _ *config.Config) { i.SetKeySet([]byte(`{"keys":[]}`)) }, want: failed("has no key", "publish"),
		},
		"no keys at the address": {
			edit: func(i *tokentest.Issuer, c *config.Config) { c.TokenJWKSURLs = []string{i.URL + "/elsewhere"} }, want: failed("answers 404", keysFlag),
		},
		"keys for other algorithms": {
			edit: func(_ *tokentest.Issuer, c *config.Config) { c.TokenAlgorithms = []string{"RS256"} },
			want: failed("no key for the algorithms", "--token-algorithms (GATEWAY_TOKEN_ALGORITHMS)"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, cfg := tokentest.NewIssuer(t), valid(t)
			cfg.Auth, cfg.TokenIssuers, cfg.AllowAnyUser = "external", []string{issuer.URL}, true
			if tt.edit != nil {
				tt.edit(issuer, &cfg)
			}
			expect(t, probe(t, operator.ConnectOptions{Config: cfg}), map[string]finding{"redis": fine, "rest api": fine, "token issuer keys": tt.want})
		})
	}
}

func TestConnectAsksWhoExchangesTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token http.HandlerFunc
		url   func(issuer string) string
		want  finding
	}{
		"found by its metadata": {token: says(http.StatusBadRequest, `{"error":"invalid_grant"}`), want: finding{operator.ResultOK, "knows", ""}},
		"a wrong secret": {
			token: says(http.StatusUnauthorized, `{"error":"invalid_client"}`),
			want:  failed("invalid_client", "--exchange-client-secret (GATEWAY_EXCHANGE_CLIENT_SECRET)"),
		},
		"no exchange there": {
			token: says(http.StatusBadRequest, `{"error":"unsupported_grant_type"}`), want: failed("unsupported_grant_type", "--clerk-credential"),
		},
		"nothing listens": {url: func(string) string { return "http://" + nowhere + "/token" }, want: failed("does not answer", "reach it")},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Auth, cfg.AllowAnyUser = "external", true
			issuer := openID(t, func(_ map[string]any, answers map[string]http.HandlerFunc) {
				if tt.token != nil {
					answers["/token"] = tt.token
				}
			})
			cfg.TokenIssuers = []string{issuer}
			cfg.ClerkCredential, cfg.ClerkAPIKey, cfg.ExchangeAudience = "exchange", "", cfg.ClerkURL
			cfg.ExchangeClientID, cfg.ExchangeClientSecret = "gateway", "s3cret-of-the-gateway"
			if tt.url != nil {
				cfg.ExchangeTokenURL = tt.url(issuer)
			}
			expect(t, probe(t, operator.ConnectOptions{Config: cfg}),
				map[string]finding{"redis": fine, "rest api": fine, "token issuer keys": fine, "token exchange": tt.want})
		})
	}
}

// web answers for every host of the internet.
type web http.HandlerFunc

func (f web) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f(w, r)
	return w.Result(), nil
}

// away is a network that reaches nobody.
type away struct{}

func (away) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("unreachable") }

func TestConnectFetchesADocumentOfAClient(t *testing.T) {
	t.Parallel()
	document := func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusOK, `{"client_id":"`+r.URL.String()+`","client_name":"A client","redirect_uris":["http://localhost/callback"],
			"grant_types":["authorization_code"],"token_endpoint_auth_method":"none"}`)(w, r)
	}
	const proxyFlag = "--egress-proxy (GATEWAY_EGRESS_PROXY)"
	doubtful := func(found string) finding { return finding{operator.ResultWarning, found, proxyFlag} }
	for name, tt := range map[string]struct {
		mode  string
		proxy config.Secret
		web   http.RoundTripper
		want  *finding // nil: nothing is fetched
	}{
		"its document":   {mode: "on", web: web(document), want: &fine},
		"no network":     {mode: "on", web: away{}, want: new(doubtful("breaks the connection; well-known clients are served"))},
		"kept out":       {mode: "on", web: web(status(http.StatusForbidden)), want: new(doubtful("answers 403"))},
		"a page instead": {mode: "on", web: web(page), want: &finding{operator.ResultWarning, "something else", "proxy in between"}},
		"a proxy that is not there": {
			mode: "on", proxy: "http://gateway:pa55word@" + nowhere, web: web(document), want: new(doubtful("not let through by the proxy")),
		},
		"built in": {mode: "builtin", web: away{}},
		"off":      {mode: "off", web: away{}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Auth, cfg.AllowAnyUser, cfg.ClientDocuments, cfg.EgressProxy = "oauth", true, tt.mode, tt.proxy
			cfg.OIDCIssuer, cfg.OIDCClientID = openID(t, nil), "gateway"
			want := map[string]finding{"redis": fine, "rest api": fine, "provider metadata": fine, "provider keys": fine, "provider client": fine}
			if tt.want != nil {
				want["client documents"] = *tt.want
			}
			got := probe(t, operator.ConnectOptions{Config: cfg, ClientDocuments: tt.web})
			expect(t, got, want)
			if c, ok := got["client documents"]; ok && !strings.HasPrefix(c.Target, "https://") {
				t.Errorf("the document is not named: %+v", c)
			}
		})
	}
}

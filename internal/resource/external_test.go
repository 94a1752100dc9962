package resource_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// site is a resource server in front of a small handler, with tokens of an authorization server of
// its own.
type site struct {
	issuer *tokentest.Issuer
	server *httptest.Server
	ahead  atomic.Int64 // of the clock
}

func (s *site) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{issuer: tokentest.NewIssuer(t)}
	s.issuer.SetMetadata(tokentest.MetadataPath, map[string]any{
		"issuer": s.issuer.URL, "jwks_uri": s.issuer.URL + tokentest.KeysPath,
		"authorization_endpoint": s.issuer.URL + "/authorize", "token_endpoint": s.issuer.URL + "/token",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
	})
	external, err := token.NewExternal(t.Context(), token.ExternalOptions{
		Issuers: []string{s.issuer.URL}, HTTPClient: s.issuer.Client(), Now: s.now,
		Allow: func(claims map[string]any) error {
			if claims["sub"] == "eve" {
				return errors.New("eve")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	rs, err := resource.New(resource.Options{
		Endpoints: endpoints,
		Verifier: resource.VerifierFunc(func(ctx context.Context, bearer, res string) (identity.Caller, error) {
			tok, err := external.Verify(ctx, bearer, res)
			return tok.Caller, err
		}),
		AuthorizationServers: []string{s.issuer.URL},
		Name:                 "Clerk Chat",
		Logger:               slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	small := rs.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := rs.Require(r.Context(), []string{"messages:send"}); err != nil {
			var refusal *resource.Refusal
			if errors.As(err, &refusal) {
				refusal.Write(w)
			}
			return
		}
		_, _ = io.WriteString(w, request.From(r.Context()).Caller.Subject)
	}))
	mux := http.NewServeMux()
	mux.HandleFunc(resource.MetadataPath, rs.ServeMetadata)
	mux.HandleFunc(resource.MetadataPath+"/", rs.ServeMetadata)
	mux.Handle("/{$}", small)
	mux.Handle("/mcp", small)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

// token is Ann's for a path, with scopes.
func (s *site) token(path, scopes string) string { return s.tokenOf("ann", path, scopes) }

func (s *site) tokenOf(subject, path, scopes string) string {
	return s.issuer.Sign(map[string]any{
		"iss": s.issuer.URL, "sub": subject, "aud": s.server.URL + path, "scope": scopes,
		"iat": s.now().Unix(), "exp": s.now().Add(5 * time.Minute).Unix(),
	})
}

func (s *site) post(t *testing.T, path, token string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestExternalTokensOpenTheirOwnEndpoint(t *testing.T) {
	s := newSite(t)
	resp := s.post(t, "/mcp", s.token("/mcp", "messages:send"))
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != s.issuer.URL+"#ann" {
		t.Errorf("%d %q %v", resp.StatusCode, body, err)
	}
	old := s.token("/mcp", "messages:send")
	for name, tc := range map[string]struct {
		token, code string
		status      int
	}{
		"none":               {"", "", http.StatusUnauthorized},
		"of another path":    {s.token("", "messages:send"), "invalid_token", http.StatusUnauthorized},
		"not one":            {"opaque", "invalid_token", http.StatusUnauthorized},
		"without its scope":  {s.token("/mcp", "messages:read"), "insufficient_scope", http.StatusForbidden},
		"of nobody's scopes": {s.token("/mcp", ""), "insufficient_scope", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			resp := s.post(t, "/mcp", tc.token)
			c, err := oauthex.ParseWWWAuthenticate(resp.Header.Values("WWW-Authenticate"))
			if err != nil || len(c) != 1 || resp.StatusCode != tc.status || c[0].Params["error"] != tc.code {
				t.Errorf("%d %v %v", resp.StatusCode, c, err)
			}
		})
	}
	s.ahead.Store(int64(6 * time.Minute))
	if resp := s.post(t, "/mcp", old); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("expired: %d", resp.StatusCode)
	}
}

func TestExternalTokensOfWhoMayNotComeInAreForbidden(t *testing.T) {
	s := newSite(t)
	resp := s.post(t, "/mcp", s.tokenOf("eve", "/mcp", "messages:send"))
	if resp.StatusCode != http.StatusForbidden || resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestAnIssuersOutageIs503AndEndsByItself(t *testing.T) {
	s := newSite(t)
	good := s.token("/mcp", "messages:send")
	s.issuer.Fail(http.StatusBadGateway)
	resp := s.post(t, "/mcp", good)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "5" ||
		resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	s.issuer.Fail(0)
	s.ahead.Store(int64(5 * time.Second))
	if resp := s.post(t, "/mcp", good); resp.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
	s.issuer.Fail(http.StatusBadGateway)
	s.ahead.Store(int64(time.Hour))
	if resp := s.post(t, "/mcp", s.token("/mcp", "messages:send")); resp.StatusCode != http.StatusOK {
		t.Errorf("in an outage, with known keys: %d", resp.StatusCode)
	}
}

func TestTheSDKReadsTheMetadataThatTheChallengeNames(t *testing.T) {
	s := newSite(t)
	for path, name := range map[string]string{"/mcp": "/mcp", "/": ""} {
		resp := s.post(t, path, "")
		c, err := oauthex.ParseWWWAuthenticate(resp.Header.Values("WWW-Authenticate"))
		if err != nil || len(c) != 1 {
			t.Fatalf("%v %v", c, err)
		}
		m, err := oauthex.GetProtectedResourceMetadata(t.Context(), c[0].Params["resource_metadata"], s.server.URL+name, s.server.Client())
		if err != nil || len(m.AuthorizationServers) != 1 || m.AuthorizationServers[0] != s.issuer.URL {
			t.Errorf("%s: %+v, %v", path, m, err)
		}
	}
}

// The SDK's client is given a URL by a person, with or without a slash, and asks for a token for
// exactly that.
func TestTheSDKAsksForATokenForTheURLItWasGiven(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/mcp", "/", ""} {
		var asked *url.URL
		stop := errors.New("far enough")
		handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
			PreregisteredClient: &oauthex.ClientCredentials{ClientID: "client"},
			RedirectURL:         "http://127.0.0.1:3000/callback",
			Client:              s.server.Client(),
			AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
				asked, _ = url.Parse(args.URL)
				return nil, stop
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		resp := s.post(t, path, "")
		err = handler.Authorize(t.Context(), resp.Request, resp)
		if !errors.Is(err, stop) || asked == nil {
			t.Fatalf("%q: %v", path, err)
		}
		q := asked.Query()
		scopes := strings.Fields(q.Get("scope")) // in any order
		slices.Sort(scopes)
		if q.Get("resource") != s.server.URL+path || !slices.Equal(scopes, []string{"messages:read", "messages:send"}) ||
			asked.Host != s.issuer.URL[len("http://"):] || asked.Path != "/authorize" {
			t.Errorf("%q: asked %s", path, asked)
		}
		// Whatever the spelling, the token for it is good.
		if resp := s.post(t, path, s.token(path, "messages:send")); resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %d", path, resp.StatusCode)
		}
	}
}

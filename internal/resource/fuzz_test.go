package resource_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// Whatever a client sends, nobody gets through without the one good token, and every challenge can be read.
func FuzzProtect(f *testing.F) {
	const good = "Bearer good-token"
	h := newServer(f, func(o *resource.Options) {
		o.Verifier = resource.VerifierFunc(func(_ context.Context, bearer, _ string) (identity.Caller, error) {
			if bearer != "good-token" {
				return identity.Caller{}, refused(bearer)
			}
			return identity.Caller{Subject: "ann"}, nil
		})
	}).Protect(ok)
	for _, seed := range [][3]string{
		{good, "/mcp", ""}, {"bearer  good-token", "/", "a=b"}, {"Bearer", "/mcp/", "access_token=good-token"},
		{`Bearer a"b`, `/mcp"`, "%"}, {"Basic x", "/mcp%22,%20Basic", ";"}, {"Bearer good-token, Bearer x", "//", "access_token"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, authorization, path, query string) {
		u := &url.URL{Path: path, RawQuery: query}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, public, nil)
		r.URL = u
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			if !strings.HasSuffix(strings.TrimSpace(authorization), " good-token") || u.Query().Has("access_token") {
				t.Errorf("%q passes with the query %q", authorization, query)
			}
		case http.StatusUnauthorized, http.StatusBadRequest:
			if c, err := oauthex.ParseWWWAuthenticate(w.Header().Values("WWW-Authenticate")); err != nil || len(c) != 1 {
				t.Errorf("challenge %q: %v", w.Header().Get("WWW-Authenticate"), err)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

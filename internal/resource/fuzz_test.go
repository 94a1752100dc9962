package resource_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// Whatever a client sends, nobody gets through without the one good token, and every challenge can
// be read.
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

// Whatever path the metadata is asked for, it is that of an endpoint to the letter, or there is
// none.
func FuzzMetadataPaths(f *testing.F) {
	s := newServer(f)
	for _, seed := range []string{"", "/", "/mcp", "/mcp/", "/mcp//", "/mcp%2f", "/mcp/readonly", "/../mcp", "/MCP", "/mcp?x", "mcp", `/mcp"`, "/mcp/%0d%0a"} {
		f.Add(seed, "mcp.example.com")
	}
	f.Fuzz(func(t *testing.T, suffix, host string) {
		u, err := url.Parse(resource.MetadataPath + suffix)
		if err != nil {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, public, nil)
		r.URL, r.Host = u, host
		w := httptest.NewRecorder()
		s.ServeMetadata(w, r)
		var document struct {
			Resource string `json:"resource"`
		}
		switch w.Code {
		case http.StatusOK:
			if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
				t.Fatalf("%q: %v in %s", suffix, err, w.Body)
			}
			path, ours := strings.CutPrefix(document.Resource, public)
			if _, known := endpoints(strings.TrimSuffix(path, "/")); !ours || !known {
				t.Errorf("%q at %q: %s", suffix, host, w.Body)
			}
		case http.StatusNotFound:
		default:
			t.Errorf("%q: %d", suffix, w.Code)
		}
	})
}

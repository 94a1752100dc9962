package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func FuzzRedirects(f *testing.F) {
	for _, s := range []string{localRedirect, webRedirect, "cursor://x/y", "http://[::1]:1/", "javascript:x", "http://127.0.0.1:1@evil.example/", "http://localhost:%31/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// Whatever is not a loopback redirect with another port is not allowed for one.
		if authserver.Allows(localRedirect, s) {
			u, err := url.Parse(s)
			if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != "/callback" || u.RawQuery != "" || u.User != nil || strings.Contains(s, "#") {
				t.Errorf("%q passes for %q", s, localRedirect)
			}
		}
		if authserver.CheckRedirect(s) != "" {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Scheme == "javascript" || u.Scheme == "data" || u.User != nil || strings.ContainsAny(s, "#\r\n\"\\ ") ||
			u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
			t.Errorf("%q is a redirect", s)
			return
		}
		// No other address stands in the redirect of an app, and no scheme is one that has no dot
		// and is not known.
		if _, rest, _ := strings.Cut(s, ":"); u.Scheme != "https" && u.Scheme != "http" && (strings.ContainsAny(rest, ":@%") ||
			strings.Contains(strings.TrimPrefix(rest, "//"), "//") || !strings.Contains(u.Scheme, ".") && !slices.Contains(authserver.KnownSchemes, u.Scheme)) {
			t.Errorf("%q is the redirect of an app", s)
		}
	})
}

func FuzzDocuments(f *testing.F) {
	f.Add([]byte(goodDocument))
	f.Add([]byte(documentWith(pluralMethods + `,"jwks_uri":"` + keysURL + `"`)))
	f.Add([]byte(documentWith(singularMethods + `,"token_endpoint_auth_signing_alg":"ES256","jwks":{"keys":[{"kty":"EC"},5]}`)))
	f.Add([]byte(`{"client_id":null,"redirect_uris":[""]}`))
	f.Add([]byte(`{"client_id":"` + documentID + `","client_name":7,"redirect_uris":["x","` + webRedirect + `",null],"grant_types":"x",` +
		`"token_endpoint_auth_methods_supported":["none",7],"token_endpoint_auth_method":null,"jwks_uri":{},"jwks":null}`))
	for name := range realClients {
		f.Add(readPublished(f, name).raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		redirects, err := authserver.ParseDocument(documentID, data)
		if (err == nil) != (len(redirects) > 0) {
			t.Errorf("%q %v", redirects, err)
		}
		for _, r := range redirects {
			if authserver.CheckRedirect(r) != "" {
				t.Errorf("%q is a redirect", r)
			}
		}
	})
}

// clear seals nothing, so that the parser behind it is reached.
type clear struct{}

func (clear) Seal(plaintext, _ []byte) []byte       { return plaintext }
func (clear) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func FuzzClientIDs(f *testing.F) {
	ring := must(seal.New([]byte("a secret of at least thirty-two bytes")))
	f.Add("")
	f.Add("AQAA")
	f.Add("AQEBeAF4")
	f.Add("AQAA_____w8")
	f.Add("AgMAAA")                 // keys, and none of them
	f.Add("AgMAAAt7ImtleXMiOltdfQ") // an empty set
	f.Add("AQMA")                   // a method that needs keys
	f.Fuzz(func(t *testing.T, id string) {
		authserver.OpenClientID(clear{}, ring.MAC("s"), id) // must not panic
		if authserver.OpenClientID(ring.Sealer("c"), ring.MAC("s"), id) {
			t.Errorf("%q is ours", id)
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(`{"clients":[{"client_id":"a","redirect_uris":["https://a.example"]}],"denied":["b"]}`))
	f.Add([]byte(`{"clients":[{"client_id":"a","redirect_uris":["https://a.example"],"jwks":{"keys":[{"kty":"OKP"}]},"token_endpoint_auth_method":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := authserver.ParseClients(data); (l == nil) == (err == nil) {
			t.Errorf("%v %v", l, err)
		}
	})
}

// Whatever a client or a browser sends, nothing leads to a page that no client registered, and
// nobody gets a token.
func FuzzRequests(f *testing.F) {
	w := newWorld(f)
	c := w.program(localRedirect)
	good := strings.SplitN(c.request(), "?", 2)[1]
	f.Add(good, "grant_type=refresh_token&refresh_token=x&client_id="+c.id)
	f.Add("state=%00&client_id="+c.id, "token=x")
	f.Fuzz(func(t *testing.T, query, body string) {
		for _, path := range []string{authserver.AuthorizePath, authserver.CallbackPath} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
			r.URL.RawQuery = query
			rec := httptest.NewRecorder()
			w.replicas[0].ServeHTTP(rec, r)
			if l := rec.Header().Get("Location"); l != "" && !strings.HasPrefix(l, "http://127.0.0.1:") || rec.Code >= 500 {
				t.Errorf("%s?%s: %d %q", path, query, rec.Code, l)
			}
		}
		for _, path := range []string{authserver.TokenPath, authserver.RevokePath, authserver.ConsentPath, authserver.RegisterPath} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
			r.Header.Set("Content-Type", formType)
			rec := httptest.NewRecorder()
			w.replicas[1].ServeHTTP(rec, r)
			if strings.Contains(rec.Body.String(), "access_token") || rec.Code >= 500 {
				t.Errorf("%s %q: %d %s", path, body, rec.Code, rec.Body)
			}
		}
	})
}

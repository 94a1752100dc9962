package authserver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// serverAt is a server as far as its pages need it.
func serverAt(t *testing.T, public string) *Server {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	return &Server{
		base: strings.TrimSuffix(u.EscapedPath(), "/"), issuer: strings.TrimSuffix(public, "/"), cookies: newCookies(u), opts: Options{
			Name: "Clerk Chat", Pages: set, Now: time.Now, Covers: func([]string, string) bool { return false },
			Keys: Keys{CSRF: ring.MAC("csrf"), Request: ring.Sealer("request"), Browser: ring.Sealer("browser")},
		},
	}
}

func TestFormsGoToWhereTheServerIs(t *testing.T) {
	for public, base := range map[string]string{
		"https://gw.example": "", "https://gw.example/": "", "https://gw.example/below": "/below", "https://gw.example/a/b/": "/a/b",
	} {
		s := serverAt(t, public)
		x := &grant.AuthRequest{RedirectURI: "https://app.example/cb", Resource: public, Person: &grant.Person{Subject: "ann"}}
		consent, key := httptest.NewRecorder(), httptest.NewRecorder()
		s.askConsent(consent, publisher{}, x, browser{ID: "b"}, "")
		s.keyPage(key, http.StatusOK, s.keyView(browser{ID: "b"}, x, "handle", Link{}))
		for path, w := range map[string]*httptest.ResponseRecorder{ConsentPath: consent, KeyPath: key} {
			if want := `action="` + base + path + `"`; w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: no %s in %d %s", public, want, w.Code, w.Body)
			}
		}
	}
}

func TestMetadataIsFoundBeforeAndBehindEachEndpoint(t *testing.T) {
	s := serverAt(t, "https://gw.example")
	s.opts.Documents, s.opts.Clients = NewDocuments(DocumentsOptions{}), &ClientList{}
	mux := http.NewServeMux()
	s.Mount(mux, "", "/mcp", "/mcp/read")
	for _, name := range []string{MetadataPath, OpenIDMetadataPath} {
		for path, want := range map[string]int{
			name: 200, name + "/mcp": 200, "/mcp" + name: 200, name + "/mcp/read": 200, "/mcp/read" + name: 200, name + "/other": 404,
		} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://gw.example"+path, nil))
			if w.Code != want || want == http.StatusOK && !strings.Contains(w.Body.String(), `"issuer":"https://gw.example"`) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
}

func TestKeysOfAClientThatAreAwayHaveTheirCause(t *testing.T) {
	cause := errors.New("the cause")
	header := encoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`))
	claims := encoding.EncodeToString([]byte(`{"iss":"c","sub":"c","aud":"a","jti":"j","exp":4102444800}`))
	a, err := token.ParseAssertion(header + "." + claims + "." + encoding.EncodeToString(make([]byte, 256)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	for name, tc := range map[string]struct {
		client *client
		want   time.Duration
	}{
		"its document": {nil, keysRetry},
		"its keys":     {&client{methods: []string{methodKey}, keysURL: "https://app.example/keys", fetched: now}, keysPause},
	} {
		opts := Options{
			Documents: NewDocuments(DocumentsOptions{}), Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
		}
		k := newClientKeys(opts, func(context.Context, string) (*client, error) {
			if tc.client == nil {
				return nil, cause
			}
			return tc.client, nil
		})
		k.fetch = func(context.Context, string) (*netx.Fetched, error) { return nil, cause }
		e := k.verify(t.Context(), "https://app.example/c", a, func() *Error { return nil })
		if e == nil || e.kind != temporarilyUnavailable || !errors.Is(e.cause, cause) || e.retryAfter != tc.want || e.text() != textKeysAway {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// dropping are documents of which one is dropped as it says.
type dropping struct {
	KeptDocuments
	dropped bool
	err     error
}

func (d dropping) Drop(context.Context, string) (bool, error) { return d.dropped, d.err }

func TestTheEndOfAKeptDocumentIsLogged(t *testing.T) {
	const line = `level=WARN msg="a client's metadata document is gone; the client cannot sign in any more" host=app.example path=/c status=404 ` +
		`reason="there is none" dropped=`
	for name, tc := range map[string]struct {
		kept KeptDocuments
		line string // "" for none
	}{
		"no store":           {nil, ""},
		"nothing was kept":   {dropping{}, ""},
		"one was kept":       {dropping{dropped: true}, line + "true"},
		"a store that fails": {dropping{err: errors.New("away")}, line + "false"},
	} {
		var log bytes.Buffer
		const id = "https://app.example/c?secret"
		d := NewDocuments(DocumentsOptions{Kept: tc.kept, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		d.cache.Add(grant.ClientRef(id), cachedDocument{})
		err := d.end(t.Context(), id, http.StatusNotFound, fail(invalidClient, "there is none"))
		if !isGone(err) || asError(err).kind != invalidClient || d.cache.Len() != 0 {
			t.Errorf("%s: %v, %d are in memory", name, err, d.cache.Len())
		}
		if got := log.String(); !strings.Contains(got, tc.line) || (got == "") != (tc.line == "") {
			t.Errorf("%s: log %s", name, got)
		}
	}
}

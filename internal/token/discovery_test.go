package token_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestKeysAreFoundByMetadata(t *testing.T) {
	for name, tc := range map[string]struct{ issuerPath, metadataPath string }{
		"RFC 8414":                       {"", tokentest.MetadataPath},
		"OpenID Connect":                 {"", tokentest.OpenIDPath},
		"RFC 8414 with a path":           {"/tenant", tokentest.MetadataPath + "/tenant"},
		"OpenID Connect with a path":     {"/realms/one", "/realms/one" + tokentest.OpenIDPath},
		"an issuer that ends in a slash": {"/", tokentest.OpenIDPath},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{clock: newClock(), issuer: tokentest.NewIssuer(t)}
			w.issuer.SetMetadata(tokentest.MetadataPath, nil)
			keys := w.issuer.URL + tokentest.KeysPath
			w.issuer.URL += tc.issuerPath
			w.issuer.SetMetadata(tc.metadataPath, map[string]any{"issuer": w.issuer.URL, "jwks_uri": keys})
			var err error
			w.External, err = token.NewExternal(t.Context(), token.ExternalOptions{
				Issuers: []string{w.issuer.URL}, HTTPClient: w.issuer.Client(), Now: w.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			w.accepts(t, w.good())
		})
	}
}

func TestAGivenKeySetNeedsNoMetadata(t *testing.T) {
	w := newWorld(t)
	w.issuer.SetMetadata(tokentest.MetadataPath, nil)
	raw := w.good()
	w.cannotTell(t, raw)
	var err error
	w.External, err = token.NewExternal(t.Context(), token.ExternalOptions{
		Issuers: []string{w.issuer.URL}, JWKSURLs: []string{w.issuer.URL + tokentest.KeysPath}, HTTPClient: w.issuer.Client(), Now: w.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.accepts(t, raw)
}

func TestUntrustedMetadataIsUnavailable(t *testing.T) {
	w := newWorld(t)
	keys := w.issuer.URL + tokentest.KeysPath
	raw := w.good()
	for name, tc := range map[string]struct {
		document map[string]any
		want     string
	}{
		"of another issuer":       {map[string]any{"issuer": "https://evil.example.net", "jwks_uri": keys}, "another issuer"},
		"of an issuer with slash": {map[string]any{"issuer": w.issuer.URL + "/", "jwks_uri": keys}, "to the letter"},
		"without keys":            {map[string]any{"issuer": w.issuer.URL}, "jwks_uri"},
		"keys over plain http":    {map[string]any{"issuer": w.issuer.URL, "jwks_uri": "http://keys.example.com/"}, "jwks_uri"},
		"keys in a file":          {map[string]any{"issuer": w.issuer.URL, "jwks_uri": "file:///etc/passwd"}, "jwks_uri"},
		"missing":                 {nil, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			w.issuer.SetMetadata(tokentest.MetadataPath, tc.document)
			if text, _ := w.cannotTell(t, raw); !strings.Contains(text, tc.want) {
				t.Errorf("%s lacks %q", text, tc.want)
			}
			w.Add(5 * time.Second)
		})
	}
}

func TestKeysThatMovedAreFoundAgain(t *testing.T) {
	w := newWorld(t)
	w.issuer.SetMetadata(tokentest.MetadataPath, map[string]any{"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + "/old"})
	raw := w.good()
	w.cannotTell(t, raw)
	w.issuer.SetMetadata(tokentest.MetadataPath, map[string]any{"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + tokentest.KeysPath})
	w.Add(5 * time.Second)
	w.accepts(t, raw)
}

func TestAnAnswerWithoutEndIsAnOutage(t *testing.T) {
	w := newWorld(t)
	w.issuer.SetKeySet([]byte(`{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`))
	if text, _ := w.cannotTell(t, w.good()); !strings.Contains(text, "larger") {
		t.Errorf("%s", text)
	}
}

func TestRedirectsDoNotLeaveWhatMayBeTrusted(t *testing.T) {
	for name, tc := range map[string]struct {
		to   string
		want string
	}{
		"in circles":          {"/keys-moved", "redirects"},
		"to plain http":       {"http://keys.example.com/", "https"},
		"to another protocol": {"ftp://keys.example.com/", "https"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			elsewhere := httptest.NewServer(http.RedirectHandler(tc.to, http.StatusFound))
			defer elsewhere.Close()
			w.issuer.SetMetadata(tokentest.MetadataPath, map[string]any{"issuer": w.issuer.URL, "jwks_uri": elsewhere.URL})
			if text, _ := w.cannotTell(t, w.good()); !strings.Contains(text, tc.want) {
				t.Errorf("%s lacks %q", text, tc.want)
			}
		})
	}
}

func TestRedirectsToHTTPAreRefused(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	w := newWorld(t, func(o *token.ExternalOptions) { o.JWKSURLs, o.HTTPClient = []string{secure.URL}, secure.Client() })
	if text, _ := w.cannotTell(t, w.good()); !strings.Contains(text, "away from https") {
		t.Errorf("%s", text)
	}
}

// What is answered that is not HTTP is quoted by net/http, and would stand in the log.
func TestAnswerThatIsNotHTTPIsNotQuoted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("password=hunter2 and more\r\n\r\n"))
			_ = c.Close()
		}
	}()
	w := newWorld(t, func(o *token.ExternalOptions) {
		o.JWKSURLs = []string{"http://" + l.Addr().String() + "/keys?key=hunter2"}
	})
	if text, _ := w.cannotTell(t, w.good()); strings.Contains(text, "hunter2") || !strings.Contains(text, l.Addr().String()) {
		t.Error(text)
	}
}

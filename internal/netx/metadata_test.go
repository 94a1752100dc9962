package netx_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

func TestMetadataURLs(t *testing.T) {
	if urls := netx.MetadataURLs("https://a/b/"); !slices.Equal(urls, []string{
		"https://a/.well-known/oauth-authorization-server/b", "https://a/b/.well-known/openid-configuration",
	}) || netx.MetadataURLs("\x7f") != nil {
		t.Errorf("%q", urls)
	}
}

// published is a server of an issuer with a path, and a client for it.
func published(t *testing.T, bodies map[string]string) (issuer string, client *http.Client) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(body, "ISSUER", "http://"+r.Host+"/a")))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/a", netx.NewClient(http.DefaultTransport, netx.Bounds{Timeout: time.Minute, MaxBody: 1000})
}

func TestDiscovery(t *testing.T) {
	const first, second = "/.well-known/oauth-authorization-server/a", "/a/.well-known/openid-configuration"
	good := `{"issuer":"ISSUER","jwks_uri":"https://keys.example"}`
	for name, tc := range map[string]struct {
		bodies map[string]string
		want   string // in the last error, "" for metadata
	}{
		"where RFC 8414 has it":          {map[string]string{first: good, second: "{}"}, ""},
		"where OpenID Connect has it":    {map[string]string{second: good}, ""},
		"behind a byte order mark":       {map[string]string{second: "\xef\xbb\xbf" + good}, ""},
		"the second where one is broken": {map[string]string{first: "{", second: good}, ""},
		"nowhere":                        {nil, "answered 404"},
		"not JSON":                       {map[string]string{second: "<html>"}, "is not valid JSON"},
		"another issuer":                 {map[string]string{second: `{"issuer":"https://other.example"}`}, "says https://other.example"},
		"an issuer that is a text":       {map[string]string{second: `{"issuer":"leaked\n"}`}, "says something that is not the URL of an issuer"},
		"too large":                      {map[string]string{second: strings.Repeat(" ", 1001) + good}, "too_large"},
		"what the caller does not take":  {map[string]string{second: `{"issuer":"ISSUER"}`}, "no keys"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, client := published(t, tc.bodies)
			m, problems := netx.Discover(t.Context(), client, issuer, []string{issuer}, func(_ string, m *netx.Metadata) error {
				if m.KeysURL == "" {
					return errors.New("no keys")
				}
				return nil
			})
			switch {
			case tc.want == "" && (m == nil || m.KeysURL != "https://keys.example"):
				t.Errorf("%+v, %v", m, problems)
			case tc.want != "" && (m != nil || len(problems) != 2 || !strings.Contains(problems[1].Error(), tc.want)):
				t.Errorf("%+v, %v; want %s", m, problems, tc.want)
			}
		})
	}
}

func TestShownURLs(t *testing.T) {
	const other = "something that is not the URL of an issuer"
	for address, want := range map[string]string{
		"https://a.example/b": "https://a.example/b", "https://ann:secret@a.example/b?c#d": "https://a.example/b",
		"https://a.example/%2F": "https://a.example/%2F", "leaked": "an address that is not a URL", "ftp://a.example": other,
		"https://a.example/" + strings.Repeat("x", 200): other,
	} {
		if got := netx.ShownURL(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	for issuer, want := range map[string]string{
		"https://a.example/{tenantid}": "https://a.example/{tenantid}", "https://a.example?": other, "https://a.example#": other,
		`https://a.example/"`: other, "https://a.example/\n": other, "https://ann@a.example": other,
	} {
		if got := netx.ShownIssuer(issuer); got != want {
			t.Errorf("%q: %q, want %q", issuer, got, want)
		}
	}
}

package resource_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	public   = "https://mcp.example.com"
	issuer   = "https://login.example.com"
	metadata = public + resource.MetadataPath
)

// endpoints are the root, /mcp and a narrowed one.
func endpoints(path string) ([]string, bool) {
	switch path {
	case "", "/mcp":
		return []string{"messages:read", "messages:send"}, true
	case "/mcp/readonly":
		return []string{"messages:read"}, true
	}
	return nil, false
}

// refused is an error that is the token's fault.
func refused(public string) error {
	return &fault.Error{Kind: fault.InvalidToken, Public: public, Cause: errors.New("secret cause")}
}

// verifier takes tokens of the form scope+scope~resource, where a colon is another character, from
// "ann".
func verifier(_ context.Context, bearer, res string) (identity.Caller, error) {
	scope, at, _ := strings.Cut(bearer, "~")
	if at != strings.Map(word, res) {
		return identity.Caller{}, refused("the token is for another resource")
	}
	return identity.Caller{Subject: "ann", Scopes: strings.Split(strings.ReplaceAll(scope, "_", ":"), "+")}, nil
}

// tokenFor is what verifier takes at a resource.
func tokenFor(res string, scopes ...string) string {
	return strings.ReplaceAll(strings.Join(scopes, "+"), ":", "_") + "~" + strings.Map(word, res)
}

// word makes what a token may consist of.
func word(r rune) rune {
	if r == ':' || r == '[' || r == ']' {
		return '.'
	}
	return r
}

// options are those of a server that has all it needs.
func options(t testing.TB, change ...func(*resource.Options)) resource.Options {
	t.Helper()
	opts := resource.Options{
		PublicURL:            parse(t, public),
		Endpoints:            endpoints,
		Verifier:             resource.VerifierFunc(verifier),
		AuthorizationServers: []string{issuer},
		Name:                 "Clerk Chat",
		Documentation:        "https://docs.example.com",
		Logger:               slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&opts)
	}
	return opts
}

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newServer(t testing.TB, change ...func(*resource.Options)) *resource.Server {
	t.Helper()
	s, err := resource.New(options(t, change...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ok answers 200 with the caller's subject.
var ok = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Subject", request.From(r.Context()).Caller.Subject)
})

func ask(t testing.TB, h http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// challenge reads the one challenge of an answer with the SDK's parser.
func challenge(t testing.TB, w *httptest.ResponseRecorder) map[string]string {
	t.Helper()
	c, err := oauthex.ParseWWWAuthenticate(w.Header().Values("WWW-Authenticate"))
	if err != nil || len(c) != 1 || c[0].Scheme != "bearer" {
		t.Fatalf("challenges %+v, %v in %q", c, err, w.Header().Values("WWW-Authenticate"))
	}
	return c[0].Params
}

func rpcMessage(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	_, message := rpcError(t, w)
	return message
}

func rpcCode(t testing.TB, w *httptest.ResponseRecorder) int {
	t.Helper()
	code, _ := rpcError(t, w)
	return code
}

// rpcError reads the JSON-RPC error of an answer, which must have no id.
func rpcError(t testing.TB, w *httptest.ResponseRecorder) (code int, message string) {
	t.Helper()
	m := rpctest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}.Message(t)
	if m.Error == nil || m.Error.Code == 0 {
		t.Fatalf("body %s", w.Body)
	}
	if m.ID != nil {
		t.Errorf("the body has an id: %s", w.Body)
	}
	return m.Error.Code, m.Error.Message
}

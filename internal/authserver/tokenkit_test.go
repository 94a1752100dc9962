package authserver_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// desk is the token endpoint of one replica on a clock of its own, without a network.
type desk struct {
	*world
	mux      *http.ServeMux
	memory   *sessiontest.Memory
	provided *sessiontest.Faults // of what is kept of providers
	grants   *grant.Grants
	draining chan struct{}
}

const deskVerifier = "a-verifier-that-only-the-client-knows-0123456789"

// atDesk runs f with a desk in a bubble: there only the test's own sleep takes time.
func atDesk(t *testing.T, f func(t *testing.T, d *desk), change ...func(*authserver.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := embedded.Open(redisstore.Options{})
		defer func() { _ = store.Close() }()
		d := &desk{
			world: &world{t: t, url: "http://127.0.0.1:4711"}, memory: sessiontest.NewMemory(), provided: &sessiontest.Faults{}, draining: make(chan struct{}),
		}
		d.provider.world = d.world
		d.mux = d.replica(store, append([]func(*authserver.Options){func(o *authserver.Options) {
			ring := must(seal.New(bytes.Repeat([]byte("s"), 32)))
			d.grants = must(grant.NewGrants(grant.Options{
				Records: d.memory.Part("g:"), Assertions: d.memory.Part("a:"),
				Upstream: sessiontest.Faulty{Records: d.memory.Part("u:"), Faults: d.provided}, Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"),
				Now: o.Now,
			}))
			o.Grants, o.Draining = d.grants, d.draining
			o.ClientAddress = func(*http.Request) string { return "192.0.2.1" }
		}}, change...))
		f(t, d)
		d.memory.Fail(nil)
		synctest.Wait()
	})
}

// code is what a person's approval gives to a client with a metadata document.
func (d *desk) code() string {
	d.t.Helper()
	return must(d.grants.Begin(d.t.Context(), grant.Grant{
		Subject: "https://id.example#ann", ClientID: documentID, ClientName: "Example app", Resource: d.url + "/mcp", Scopes: []string{"messages:read"},
	}, grant.Binding{RedirectURI: webRedirect, Challenge: oauth2.S256ChallengeFromVerifier(deskVerifier)}, []byte("upstream")))
}

// ask posts a form to an endpoint.
func (d *desk) ask(ctx context.Context, path string, form url.Values, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, d.url+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w
}

func codeForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {documentID}, "code": {code}, "redirect_uri": {webRedirect}, "code_verifier": {deskVerifier},
	}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {documentID}, "refresh_token": {token}}
}

// got gives the tokens of an answer that must be good.
func (d *desk) got(w *httptest.ResponseRecorder) (access, refresh string) {
	d.t.Helper()
	out := object(d.t, w)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%d %v", w.Code, out)
	}
	return out["access_token"].(string), out["refresh_token"].(string)
}

// login signs somebody in.
func (d *desk) login() (access, refresh string) {
	d.t.Helper()
	return d.got(d.ask(d.t.Context(), authserver.TokenPath, codeForm(d.code()), nil))
}

package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

// longRedirect is as long as a redirect may be.
var longRedirect = "https://desk.warehouse.example/" + strings.Repeat("a-part-of-the-way/", 109)

// knownClients writes a list of clients for --oauth-clients.
func knownClients(t *testing.T) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"clients": []map[string]any{{
		"client_id": "warehouse", "client_name": "Warehouse Desk", "redirect_uris": []string{"https://desk.warehouse.example/callback", longRedirect},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "clients.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// screen is a page, and how to get to it in a new window.
type screen struct {
	name string
	show func(*testing.T, demo, *app, *browsertest.Window)
	has  string // what is to be read there
}

// screens are all pages that people can get to see.
var screens = []screen{
	{"landing", func(_ *testing.T, d demo, _ *app, w *browsertest.Window) {
		w.Open(d.url)
	}, "Connect your client"},
	{"consent", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address("client_id", "warehouse", "redirect_uri", "https://desk.warehouse.example/callback"))
	}, "Warehouse Desk"},
	{"consent-this-computer", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address())
	}, "Only go on if you started this yourself"},
	{"consent-unchecked-name", func(t *testing.T, d demo, a *app, w *browsertest.Window) {
		const redirect = "https://agents.example.org/oauth/callback"
		w.Open(a.address("client_id", registerClient(t, d, "Clerk Chat Support Assistant for very large teams", redirect), "redirect_uri", redirect))
	}, "Nobody has checked this name"},
	{"consent-an-app", func(t *testing.T, d demo, a *app, w *browsertest.Window) {
		const redirect = "cursor://anysphere.cursor-mcp/oauth/callback"
		w.Open(a.address("client_id", registerClient(t, d, "Cursor", redirect), "redirect_uri", redirect))
	}, "any app can call itself Cursor"},
	{"consent-long-redirect", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address("client_id", "warehouse", "redirect_uri", longRedirect))
	}, "Warehouse Desk"},
	{"consent-another-person", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		for _, who := range []string{ann, ben} {
			w.Open(a.address())
			w.Click(allowButton)
			w.Click(who)
			if who == ann {
				w.Wait(inTheApp)
				a.answer()
			}
		}
		w.Wait(consentPage)
	}, "You are signed in as Ben Brooks"},
	{"sandbox-sign-in", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address())
		w.Click(allowButton)
		w.Wait(signInPage)
	}, "Who is signing in?"},
	{"sandbox-cannot-start", func(_ *testing.T, d demo, _ *app, w *browsertest.Window) {
		w.Open(d.sandbox + "/oidc/authorize?client_id=nobody")
	}, "cannot start"},
	{"handover-to-sign-in", func(_ *testing.T, d demo, a *app, w *browsertest.Window) {
		w.Open(a.address())
		w.Stay(d.sandbox + "/*")
		w.Click(allowButton)
	}, "Taking you to sign"},
	{"handover-to-the-app", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address())
		w.Stay(a.redirect + "*")
		w.Click(denyButton)
	}, "Taking you back to Desk Assistant"},
	{"handover-not-to-an-app", func(t *testing.T, d demo, a *app, w *browsertest.Window) {
		const redirect = "cursor://anysphere.cursor-mcp/oauth/callback"
		w.Open(a.address("client_id", registerClient(t, d, "Cursor", redirect), "redirect_uri", redirect))
		w.Click(denyButton)
	}, "Cursor was not connected"},
	{"key", func(t *testing.T, _ demo, _ *app, w *browsertest.Window) {
		d := startDemo(t, "--auth", "oauth", "--clerk-credential", "linked")
		w.Open(register(t, d, "Desk Assistant").address())
		w.Click(allowButton)
		w.Click(ann)
	}, "Link your Clerk Chat API key"},
	{"error-unknown-client", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address("client_id", "nobody"))
	}, "client_id"},
	{"error-foreign-redirect", func(_ *testing.T, _ demo, a *app, w *browsertest.Window) {
		w.Open(a.address("redirect_uri", "https://elsewhere.example/callback"))
	}, "redirect_uri"},
	{"error-told-to-the-app", func(t *testing.T, d demo, a *app, w *browsertest.Window) {
		const redirect = "https://agents.example.org/oauth/callback"
		w.Open(a.address("client_id", registerClient(t, d, "Agents", redirect), "redirect_uri", redirect, "code_challenge", ""))
	}, "Go back to Agents"},
	{"error-another-browser", func(t *testing.T, d demo, _ *app, w *browsertest.Window) {
		a := register(t, d, "Desk Assistant")
		w.Open(a.address())
		w.Click(allowButton)
		started := w.Link(ann)
		w.Forget()
		w.Open(started)
	}, "started in another browser"},
	{"error-finished-before", func(_ *testing.T, d demo, _ *app, w *browsertest.Window) {
		w.Open(d.url + "/oauth/callback?code=c&state=s")
	}, "start again from your app"},
	{"error-provider-is-down", func(t *testing.T, _ demo, _ *app, w *browsertest.Window) {
		d := startDemo(t, "--auth", "oauth", "--clerk-credential", "linked")
		w.Open(d.url + "/account/key")
		w.Wait(signInPage)
		callback := whereTo(t, w.Link(ann))
		put(t, d.sandbox+"/_sandbox/oidc", `{"down_requests":100}`)
		w.Open(callback)
	}, "Please try again in a moment"},
}

// Every page can be read, fits, and says what it is there for. BROWSER_SCREENSHOTS=DIR keeps
// pictures of them.
func TestPagesCanBeReadInTheDarkAndOnSmallScreens(t *testing.T) {
	b := browsertest.Start(t)
	d := startDemo(t, "--auth", "oauth", "--oauth-clients", knownClients(t))
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			w := b.Window(t)
			s.show(t, d, register(t, d, "Desk Assistant"), w)
			w.See(s.has)
			w.Look(s.name)
		})
	}
}

// whereTo gives where a page sends the browser on to.
func whereTo(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	to, err := resp.Location()
	if err != nil {
		t.Fatalf("%d: %v", resp.StatusCode, err)
	}
	return to.String()
}

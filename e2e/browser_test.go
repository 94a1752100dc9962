package e2e

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

// What the pages have that people act on.
const (
	consentPage  = `form[action="/oauth/consent"]`
	allowButton  = `button[value="allow"]`
	denyButton   = `button[value="deny"]`
	signInPage   = ".people"
	ann          = ".people li:nth-child(1) a"
	ben          = ".people li:nth-child(2) a"
	refuseSignIn = "a.deny"
	errorText    = ".card .notice.warn"
	inTheApp     = "#done"
)

// browsing is a demo with a login, an app, and a browser with one window.
func browsing(t *testing.T, args ...string) (demo, *app, *browsertest.Browser, *browsertest.Window) {
	t.Helper()
	b := browsertest.Start(t)
	d := startDemo(t, append([]string{"--auth", "oauth"}, args...)...)
	return d, register(t, d, "Desk Assistant"), b, b.Window(t)
}

func TestABrowserGoesThroughConsentAndSignInBackToTheApp(t *testing.T) {
	_, a, _, w := browsing(t)
	w.Open(a.address("scope", "messages:read messages:send"))
	if text := w.Text("main"); !strings.Contains(text, "Desk Assistant") || !strings.Contains(text, "this computer") {
		t.Errorf("the page does not say who asks, and where the answer goes:\n%s", text)
	}
	w.Click(allowButton)
	w.Click(ann)
	w.Wait(inTheApp)
	scopes, token := a.redeem(a.answer())
	if diff := cmp.Diff([]string{"messages:read", "messages:send"}, scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	if got := toolCount(t, a.d, token); got != 7 {
		t.Errorf("the token opens %d tools, want 7", got)
	}
}

func TestAPersonCanDeny(t *testing.T) {
	_, a, _, w := browsing(t)
	denied := func(where string) {
		t.Helper()
		w.Wait(inTheApp)
		if q := a.answer(); q.Get("error") != "access_denied" || q.Has("code") {
			t.Errorf("denied %s, the app is told %v", where, q)
		}
	}
	w.Open(a.address())
	w.Click(denyButton)
	denied("on the consent page")

	w.Open(a.address())
	w.Click(allowButton)
	w.Click(refuseSignIn)
	denied("at the sign-in")
}

func TestAPersonCanAllowLess(t *testing.T) {
	_, a, _, w := browsing(t)
	w.Open(a.address())
	w.Click(`input[value="messages:send"]`)
	w.Click(`input[value="campaigns:send"]`)
	w.Click(allowButton)
	w.Click(ann)
	scopes, _ := a.redeem(a.answer())
	if diff := cmp.Diff([]string{"messages:read", "contacts:write"}, scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

// RFC 9700 §4.7: whoever starts a sign-in and has somebody else finish it would act as them.
func TestAnotherPersonsBrowserCannotFinishASignIn(t *testing.T) {
	_, a, b, w := browsing(t)
	w.Open(a.address())
	w.Click(allowButton)
	started := w.Link(ann)

	other := b.Window(t)
	if status := other.Open(started); status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", status)
	}
	if text := other.Text(errorText); !strings.Contains(text, "another browser") {
		t.Errorf("the other browser is told %q", text)
	}
	a.unanswered()

	w.Click(ann)
	a.redeem(a.answer())
}

func TestNobodyFramesThePages(t *testing.T) {
	_, a, _, w := browsing(t)
	address := a.address()
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>Trap</title><link rel="icon" href="data:,"><iframe src="` +
			strings.ReplaceAll(address, "&", "&amp;") + `"></iframe>`))
	}))
	t.Cleanup(trap.Close)
	w.Open(trap.URL)
	if frames := w.Frames(); !slices.Equal(frames, []string{"chrome-error://chromewebdata/"}) {
		t.Errorf("the frame shows %q, want the browser's refusal", frames)
	}
	if !w.Expect("frame-ancestors") {
		t.Error("the browser did not refuse because of frame-ancestors")
	}
}

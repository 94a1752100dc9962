package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

func TestADoubleClickIsOneAnswer(t *testing.T) {
	_, a, _, w := browsing(t)
	for _, who := range []string{ann, ben} {
		w.Open(a.address())
		w.DoubleClick(allowButton)
		w.DoubleClick(who)
		if who == ben { // somebody else than this browser knows, who is asked after signing in
			w.See("You are signed in as Ben Brooks")
			w.DoubleClick(allowButton)
		}
		w.Wait(inTheApp)
		a.redeem(a.answer())
		a.unanswered()
	}
}

func TestGoingBackAndReloadingDoNoHarm(t *testing.T) {
	_, a, _, w := browsing(t)
	w.Open(a.address())
	w.Reload()
	w.Click(allowButton)
	w.Wait(signInPage)
	w.Reload()
	w.Back()
	w.Wait(consentPage)
	w.Click(allowButton)
	w.Click(ann)
	w.Wait(inTheApp)
	a.redeem(a.answer())

	w.Back()
	w.Wait(signInPage)
	w.Click(ann)
	if text := w.Text(errorText); !strings.Contains(text, "finished before") {
		t.Errorf("finishing a second time, the page says %q", text)
	}
	a.unanswered()
	w.Reload()
	a.unanswered()
}

func TestTheKeyboardIsEnough(t *testing.T) {
	_, a, _, w := browsing(t)
	w.Open(a.address())
	w.Wait(consentPage)
	want := []string{"a Skip to content", "input messages:read", "input messages:send", "input contacts:write", "input campaigns:send"}
	if diff := cmp.Diff(want, walk(t, w, "input campaigns:send")); diff != "" {
		t.Errorf("the way of the focus on the consent page (-want +got):\n%s", diff)
	}
	w.Press(" ")
	if got := walk(t, w, "button "); !slices.Equal(got, []string{"button allow"}) {
		t.Errorf("after what may be allowed comes %q", got)
	}
	w.Press(kb.Enter)
	w.Wait(signInPage)
	if got := walk(t, w, "a AA"); len(got) != 2 {
		t.Errorf("the way of the focus on the sign-in page is %q", got)
	}
	w.Press(kb.Enter)
	scopes, _ := a.redeem(a.answer())
	if diff := cmp.Diff([]string{"messages:read", "messages:send", "contacts:write"}, scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

// walk presses Tab until something has the focus that begins with last, and names all on the way.
func walk(t *testing.T, w *browsertest.Window, last string) []string {
	t.Helper()
	const most = 20
	var way []string
	for range most {
		w.Press(kb.Tab)
		is, err := w.Focused()
		if err != nil {
			t.Errorf("after %q: %v", way, err)
		}
		way = append(way, is)
		if strings.HasPrefix(is, last) {
			return way
		}
	}
	t.Fatalf("Tab does not get to %q: %q", last, way)
	return nil
}

// The pages' own script runs under their policy.
func TestTheLandingPageCopiesTheAddress(t *testing.T) {
	d, _, _, w := browsing(t)
	w.Open(d.url)
	w.Click(".address .copy")
	w.See("Copied") // the browser refuses the clipboard to a window that is not in front
}

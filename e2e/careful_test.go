package e2e

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

// comesToTheFront is what happens when a window in front of the page is closed between the two
// clicks of a double click: the page gets the focus, and then the second click.
const comesToTheFront = `(() => {
	dispatchEvent(new Event("focus"));
	document.querySelector('button[value="allow"]').click();
	return document.getElementById("status").textContent;
})()`

func TestTheSecondOfTwoClicksAllowsNothing(t *testing.T) {
	_, a, _, w := browsing(t)
	w.Open(a.address())
	w.Wait(":root:not([data-waiting]) " + allowButton) // it was live, behind the other window
	if said := browsertest.Value[string](w, comesToTheFront); !strings.Contains(said, "press again") {
		t.Errorf("the page says %q", said)
	}
	if !browsertest.Value[bool](w, `document.documentElement.hasAttribute("data-waiting")`) {
		t.Error("the page takes clicks at once")
	}
	w.Wait(consentPage)
	w.Click(allowButton)
	w.Click(ann)
	w.Wait(inTheApp)
	a.redeem(a.answer())
}

// taken tells whether the pointer can press the button, at the beginning or at the end of its being
// held.
func taken(w *browsertest.Window, at string) string {
	return browsertest.Value[string](w, `(() => {
		const button = document.querySelector('button[value="allow"]');
		for (const held of button.getAnimations()) { `+at+` }
		return button.getAnimations().length + " " + getComputedStyle(button).pointerEvents;
	})()`)
}

func TestWithoutScriptsAllowWaitsForThePointer(t *testing.T) {
	_, a, _, w := browsing(t)
	w.WithoutScripts()
	w.Open(a.address())
	w.Wait(consentPage)
	if got := taken(w, ""); got != "0 none" {
		t.Errorf("before the pointer comes: %s", got)
	}
	w.Point(allowButton)
	w.Wait("body:hover")
	if got := taken(w, "held.pause(); held.currentTime = 0;"); got != "1 none" {
		t.Errorf("when the pointer comes: %s", got)
	}
	if got := taken(w, "held.finish();"); got != "0 auto" {
		t.Errorf("half a second later: %s", got)
	}
	w.Click(allowButton)
	w.Wait(signInPage)
}

package e2e

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

const (
	keyField     = "#key"
	linkButton   = "button[value=link]"
	cancelButton = "button[value=cancel]"
	confirmBox   = "input[name=replaces]"
	removeButton = "button[value=remove]"
	removeBox    = "input[name=removes]"
	annsKey      = "sandbox-key"
)

// toKeyPage goes through consent and sign-in to the page that asks for a key.
func toKeyPage(a *app, w *browsertest.Window) {
	w.Open(a.address())
	w.Click(allowButton)
	w.Click(ann)
	w.Wait(keyField)
}

// enter types a key and posts it.
func enter(w *browsertest.Window, key string) {
	w.Click(keyField)
	w.Press(key)
	w.Click(linkButton)
}

func TestABrowserLinksAKeyReplacesAndRemovesIt(t *testing.T) {
	d, a, _, w := browsing(t, "--clerk-credential", "linked")
	toKeyPage(a, w)
	w.See("Link your Clerk Chat API key")
	w.Look("key-link")
	enter(w, "not-a-key-of-anybody")
	w.See("does not accept this key")
	w.Look("key-refused")
	enter(w, annsKey)
	w.Wait(inTheApp)
	if _, token := a.redeem(a.answer()); toolCount(t, d, token) == 0 {
		t.Error("no tools with a linked key")
	}
	// Another sign-in does not ask again.
	w.Open(a.address())
	w.Click(allowButton)
	w.Click(ann)
	w.Wait(inTheApp)
	a.answer()

	w.Open(d.url + "/account/key")
	w.Click(ann)
	w.See("Replace your Clerk Chat API key")
	w.Look("key-replace")
	enter(w, "sandbox-key-globex")
	w.See("Tick the box below to replace it")
	w.Click(confirmBox)
	enter(w, "sandbox-key-globex")
	w.See("Your key is linked")
	w.Look("key-done")
	w.Open(d.url + "/account/key")
	w.Click(ann)
	w.Click(cancelButton)
	w.See("Nothing was changed")

	w.Open(d.url + "/account/key")
	w.Click(ann)
	w.Click(removeButton) // the box is not ticked
	w.See("Replace your Clerk Chat API key")
	w.Click(removeBox)
	w.Click(removeButton)
	w.See("Your key was removed")
	w.Look("key-removed")
}

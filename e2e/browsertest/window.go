package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Open goes to an address, follows where it leads, and returns the status of the page that it ends
// at.
func (w *Window) Open(address string) int64 {
	w.t.Helper()
	return do(w, "opening "+address, chromedp.NavigateResponse(address)).Status
}

// Wait waits until an element that the selector names is to be seen.
func (w *Window) Wait(selector string) {
	w.t.Helper()
	do(w, "waiting for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// See waits until the page has a text in it, however that is spread over elements. Scripts are not
// text.
func (w *Window) See(text string) {
	w.t.Helper()
	do(w, "waiting for "+strconv.Quote(text), chromedp.WaitVisible(
		`//body/*[not(self::script)][contains(normalize-space(.), `+strconv.Quote(text)+`)]`))
}

// live waits until the page takes clicks: ours hold some buttons until they have been in front for
// a while.
func (w *Window) live() {
	w.t.Helper()
	w.Wait(":root:not([data-waiting]) body")
}

// Click waits for an element and clicks on it.
func (w *Window) Click(selector string) {
	w.t.Helper()
	w.Wait(selector)
	w.live()
	do(w, "clicking on "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Point moves the pointer over an element, without a click.
func (w *Window) Point(selector string) {
	w.t.Helper()
	at := Value[struct{ X, Y float64 }](w, `(() => {
		const element = document.querySelector(`+strconv.Quote(selector)+`);
		element.scrollIntoView({ block: "center", behavior: "instant" });
		const box = element.getBoundingClientRect();
		return { X: box.x + box.width / 2, Y: box.y + box.height / 2 };
	})()`)
	call(w, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: "mouseMoved", X: at.X, Y: at.Y})
}

// WithoutScripts makes pages run none of theirs from now on.
func (w *Window) WithoutScripts() {
	w.t.Helper()
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// DoubleClick waits for an element and clicks on it twice, as people do who do so everywhere: the
// second time when the first is on its way and not answered yet.
func (w *Window) DoubleClick(selector string) {
	w.t.Helper()
	w.Wait(selector)
	w.live()
	Value[chromedp.Void](w, `(() => {
		const element = document.querySelector(`+strconv.Quote(selector)+`);
		element.click();
		setTimeout(() => element.click());
	})()`)
}

// Press types keys, such as [github.com/chromedp/chromedp/kb.Tab], into whatever has the focus.
func (w *Window) Press(keys string) {
	w.t.Helper()
	w.live()
	do(w, "typing", chromedp.KeyEvent(keys))
}

// Text waits for an element and returns its text as it is to be seen.
func (w *Window) Text(selector string) string {
	w.t.Helper()
	return do(w, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Link waits for a link and returns where it leads.
func (w *Window) Link(selector string) string {
	w.t.Helper()
	return do(w, "reading "+selector, chromedp.JavascriptAttribute[string](chromedp.CSS(selector), "href"))
}

// Value evaluates JavaScript in the page.
func Value[T any](w *Window, expression string) T {
	w.t.Helper()
	return do(w, "evaluating "+expression, chromedp.Evaluate[T](expression))
}

// Back goes back in the window's history.
func (w *Window) Back() {
	w.t.Helper()
	do(w, "going back", chromedp.NavigateBack())
}

// Reload loads the page again.
func (w *Window) Reload() {
	w.t.Helper()
	do(w, "reloading", chromedp.Reload())
}

// Forget takes all cookies away.
func (w *Window) Forget() {
	w.t.Helper()
	call(w, network.ClearBrowserCookies, cdp.Empty{})
}

// Stay answers requests to addresses that fit the pattern, with * for anything, so that the browser
// stays where it is (RFC 9110 §15.3.5). A page that leads on by itself can be looked at.
func (w *Window) Stay(pattern string) {
	w.t.Helper()
	paused := chromedp.Events(w.ctx, fetch.RequestPaused)
	call(w, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}})
	go func() { // until the window is closed
		for request, err := range paused {
			if err != nil {
				return
			}
			// The window may be closed: then nobody waits for the answer.
			_, _ = chromedp.Call(w.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
				RequestID: request.RequestID, ResponseCode: http.StatusNoContent,
			})
		}
	}()
}

// Frames are the addresses of the frames in the page. One that was refused is at
// chrome-error://chromewebdata/.
func (w *Window) Frames() []string {
	w.t.Helper()
	var frames []string
	for _, child := range call(w, page.GetFrameTree, cdp.Empty{}).FrameTree.ChildFrames {
		frames = append(frames, child.Frame.URL)
	}
	return frames
}

func call[P, R any](w *Window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	return do(w, command.Method, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
}

// Focused describes what has the focus: the tag, and the id, value or text that tells it apart. A
// focus that cannot be seen is an error.
func (w *Window) Focused() (string, error) {
	w.t.Helper()
	f := Value[struct {
		Is      string
		Visible bool
	}](w, `(() => {
		const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
		return {
			Is: e.localName + " " + (e.id || e.value || e.textContent.trim().replace(/\s+/g, " ")),
			Visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 && box.top >= 0 && box.bottom <= innerHeight,
		};
	})()`)
	if strings.HasPrefix(f.Is, "body ") {
		return "", errors.New("nothing has the focus")
	}
	if !f.Visible {
		return f.Is, fmt.Errorf("%s has the focus, which cannot be seen", f.Is)
	}
	return f.Is, nil
}

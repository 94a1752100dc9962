package browsertest

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a single step may take before its test fails.
const patience = 30 * time.Second

// names are those of Chromium and of the browsers that are made of it, as systems call them.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"}

// Browser is a running Chromium without a screen.
type Browser struct{ ctx context.Context }

// Start runs a browser until the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		const missing = "no chromium on this machine; apt-get install chromium provides it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip("skip: " + missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-gpu", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the process, which writes into its directory until then
		stop()
		release()
	})
	if err := chromedp.Do(ctx); err != nil { // the first step has no deadline: it would be the browser's
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

func find() string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Window is a browser window of a person of its own: it shares cookies with no other.
type Window struct {
	t   testing.TB
	ctx context.Context

	mu        sync.Mutex
	problems  []problem
	expected  []*regexp.Regexp
	documents map[string]bool // by URL
}

// Window opens a window until the test ends, which may be a part of the browser's.
func (b *Browser) Window(t testing.TB) *Window {
	t.Helper()
	w := &Window{t: t, documents: map[string]bool{}}
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.hear))
	w.ctx = ctx
	t.Cleanup(func() {
		stop()
		w.report()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("the window does not open: %v", err)
	}
	call(w, audits.Enable, cdp.Empty{})
	call(w, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // all are in front
	w.resize(wide)
	w.prefer("light")
	return w
}

// do takes a step in a window.
func do[T any](w *Window, what string, step chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		w.explain(what, err)
	}
	return value
}

// explain ends a test with what the window shows.
func (w *Window) explain(what string, err error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	w.t.Fatalf("%s: %v\nthe window is at %s:\n%s", what, err, where, text)
}

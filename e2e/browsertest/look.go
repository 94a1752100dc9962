package browsertest

import (
	_ "embed"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Pictures is the variable that names a directory for pictures of pages.
const Pictures = "BROWSER_SCREENSHOTS"

// size is that of a window.
type size struct{ width, height int64 }

var (
	wide = size{1280, 860}
	// narrow is a window of 1280 pixels at 400 % (WCAG 2.2 §1.4.10), or a small phone.
	narrow = size{320, 700}
)

//go:embed look.js
var lookScript string

// Look checks the page wide and narrow, light and dark: nothing reaches beyond the window, and all
// text stands out from what is behind it. With [Pictures] set, a picture of each is kept under the
// name.
func (w *Window) Look(name string) {
	w.t.Helper()
	defer w.resize(wide)
	defer w.prefer("light")
	for _, scheme := range []string{"light", "dark"} {
		w.prefer(scheme)
		for form, s := range map[string]size{"wide": wide, "narrow": narrow} {
			w.resize(s)
			for _, fault := range Value[[]string](w, lookScript) {
				w.t.Errorf("%s, %s and %s: %s", name, form, scheme, fault)
			}
			w.keep(name + "-" + form + "-" + scheme)
		}
	}
}

func (w *Window) resize(s size) {
	w.t.Helper()
	do(w, "resizing", chromedp.EmulateViewport(s.width, s.height))
}

func (w *Window) prefer(scheme string) {
	w.t.Helper()
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

func (w *Window) keep(name string) {
	w.t.Helper()
	directory := os.Getenv(Pictures)
	if directory == "" {
		return
	}
	picture := do(w, "taking a picture", chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(directory, name+".png"), picture, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

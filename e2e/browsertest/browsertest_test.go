package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// witness is a test that only notes its errors.
type witness struct {
	testing.TB
	errors []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

// shown opens a page in a window whose test is the witness.
func shown(t *testing.T, body string) (*Window, *witness) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		_, _ = w.Write([]byte(`<!doctype html><title>Page</title><link rel="icon" href="data:,"><body style="background:#fff">` + body))
	}))
	t.Cleanup(srv.Close)
	seen := &witness{TB: t}
	w := Start(t).Window(t)
	w.t = seen
	t.Cleanup(func() { w.problems = nil })
	w.Open(srv.URL)
	return w, seen
}

func (w *witness) holds(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(strings.Join(w.errors, "\n"), text) {
			t.Errorf("%q was not noticed: %q", text, w.errors)
		}
	}
}

func TestWhatCannotBeReadIsNoticed(t *testing.T) {
	t.Setenv(Pictures, "")
	w, seen := shown(t, `<p style="color:#aaa">faint</p><p style="width:600px">broad</p><p>plain</p>`)
	w.Look("page")
	seen.holds(t, "narrow and light: it is 608 pixels wide in 320", `"faint" has a contrast of 2.32`)
	for _, e := range seen.errors {
		if strings.Contains(e, "plain") || strings.Contains(e, "wide and light: it is") {
			t.Errorf("found fault with what is good: %s", e)
		}
	}
}

func TestWhatThePolicyBlocksIsNoticed(t *testing.T) {
	w, seen := shown(t, `<script>document.title = "evil"</script><p>text</p>`)
	w.See("text")
	w.report()
	seen.holds(t, "script-src")
	if !w.Expect("script-src") {
		t.Error("the complaint cannot be expected")
	}
	seen.errors = nil
	if w.report(); len(seen.errors) != 0 {
		t.Errorf("what was expected is reported: %q", seen.errors)
	}
}

package browsertest

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// problem is something that a browser complained of.
type problem struct {
	text string
	url  string // of what failed to load, "" if nothing did
}

// hear is told of everything that happens in the window. It must not wait.
func (w *Window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			w.documents[e.Response.URL] = true
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		p := problem{text: fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)}
		if e.Entry.Source == log.EntrySourceNetwork {
			p.url = e.Entry.URL
		}
		w.problems = append(w.problems, p)
	case *runtime.EventExceptionThrown:
		text := "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.problems = append(w.problems, problem{text: text})
	case *audits.EventIssueAdded:
		if c := e.Issue.Details.ContentSecurityPolicyIssueDetails; c != nil {
			w.problems = append(w.problems, problem{text: fmt.Sprintf("blocked by %s: %s %s",
				c.ViolatedDirective, c.BlockedURL, c.ContentSecurityPolicyViolationType)})
		}
	}
}

// Expect lets complaints pass that fit, now and later, and tells whether there are any yet.
func (w *Window) Expect(pattern string) bool {
	expected := regexp.MustCompile(pattern)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, expected)
	return slices.ContainsFunc(w.problems, func(p problem) bool { return expected.MatchString(p.text) })
}

// report fails the test for every complaint that is not expected. That a document has the status of
// an error is none: tests look at it themselves.
func (w *Window) report() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.problems {
		if !w.documents[p.url] && !slices.ContainsFunc(w.expected, func(e *regexp.Regexp) bool { return e.MatchString(p.text) }) {
			w.t.Errorf("the browser complains: %s", p.text)
		}
	}
}

package operator

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a check found. Its JSON is for programs: fields are added, and stay.
type Report struct {
	OK        bool          `json:"ok"`
	Connected bool          `json:"connected"` // false: settings only
	Problems  []string      `json:"problems"`
	Warnings  []string      `json:"warnings"`
	Checks    []CheckResult `json:"checks"`
}

// CheckResult is what one probe found.
type CheckResult struct {
	Check  string `json:"check"`
	Target string `json:"target"`
	Result Result `json:"result"`
	Found  string `json:"found"`
	Change string `json:"change,omitempty"`
	Took   int64  `json:"took_ms"`
}

func (r *Report) add(found []Connection) {
	for _, c := range found {
		r.Checks = append(r.Checks, CheckResult{
			Check: c.Name, Target: c.Target, Result: c.Result, Found: c.Found, Change: c.Change, Took: c.Took.Milliseconds(),
		})
	}
}

// named are the probes that came to a result.
func (r *Report) named(result Result) []string {
	var names []string
	for _, c := range r.Checks {
		if c.Result == result {
			names = append(names, c.Check)
		}
	}
	return names
}

func (r *Report) writeJSON(w io.Writer) error {
	out := *r
	out.Problems, out.Warnings, out.Checks = notNil(r.Problems), notNil(r.Warnings), notNil(r.Checks)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// notNil is written as [] in JSON, not as null.
func notNil[T any](list []T) []T { return append([]T{}, list...) }

// writeTable writes a line for each probe, and one more for what to change.
func (r *Report) writeTable(out io.Writer) error {
	if len(r.Checks) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tRESULT\tTOOK\tTARGET\tFOUND")
	for _, c := range r.Checks {
		took := "<1ms"
		if c.Took > 0 {
			took = (time.Duration(c.Took) * time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Check, c.Result, took, printable(c.Target), printable(c.Found))
		if c.Change != "" {
			fmt.Fprintf(w, "\t\t\t\tto change: %s\n", printable(c.Change))
		}
	}
	return w.Flush()
}

// ProblemsError reports a wrong configuration as a whole; nil if nothing is wrong.
func ProblemsError(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return UsageError{fmt.Errorf("the configuration does not work:\n  %s", strings.Join(problems, "\n  "))}
}

//go:build conformance

package conformance

import (
	"fmt"
	"testing"
)

// checks are how many there are in the suite's scenarios of each version, and how many of them
// pass. The others are in fixtures/*.yml, each with its reason.
var checks = []struct {
	version      string
	passed, runs int
}{
	{"2025-06-18", 53, 56},
	{"2025-11-25", 67, 72},
	{"2026-07-28", 152, 152},
}

// silent are scenarios in which nothing is checked, so that they show nothing though the suite
// counts them as passed.
var silent = map[string]string{
	"server-sse-polling": "it looks at how a stream is taken up again, which no server has to offer: this one ends none before its answer",
}

func TestFixturesConform(t *testing.T) {
	for _, replicas := range []int{1, 2} {
		for _, want := range checks {
			t.Run(fmt.Sprintf("%s/%d", want.version, replicas), func(t *testing.T) {
				file, dir := "fixtures/"+want.version+".yml", t.TempDir()
				known := baseline(t, file)
				args := []string{"server", "--url", startReplicas(t, replicas), "--suite", "all", "--spec-version", want.version, "-o", dir}
				if known != nil {
					args = append(args, "--expected-failures", file)
				}
				out, err := runSuite(t, args...)
				if err != nil {
					t.Errorf("the suite is not content: %v\n%s", err, out)
				}
				ran := tallies(t, dir)
				passed, runs := 0, 0
				for name, n := range ran {
					passed, runs = passed+n.passed, runs+n.passed+n.failed+n.doubtful
					// The suite excuses a scenario as a whole: one more failing check in it would
					// go unnoticed.
					if n.failed != known[name] {
						t.Errorf("%s: %d checks failed, expected %d", name, n.failed, known[name])
					}
					if _, ok := silent[name]; ok != (n == tally{}) {
						t.Errorf("%s: %d checks, but silent says %v", name, n.passed+n.failed, ok)
					}
				}
				for name := range known {
					if _, ok := ran[name]; !ok {
						t.Errorf("%s is in the baseline, but did not run", name)
					}
				}
				t.Logf("%d of %d checks passed in %d scenarios", passed, runs, len(ran))
				if passed != want.passed || runs != want.runs {
					t.Errorf("%d of %d checks passed, want %d of %d", passed, runs, want.passed, want.runs)
				}
			})
		}
	}
}

package e2e

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const suiteTime = 20 * time.Minute

// baselines are the protocol versions whose scenarios are run, each with its file of expected
// failures.
var baselines = []string{"2025-06-18", "2025-11-25", "2026-07-28"}

var (
	expected = regexp.MustCompile(`^  - (\S+) # (\d+): (\S.{10,})$`)
	outcome  = regexp.MustCompile(`(?m)^([✓✗]) (\S+): (\d+) passed, (\d+) failed`)
)

// expectations are the scenarios of a baseline with the number of checks that fail in each.
func expectations(t *testing.T, version string) map[string]string {
	t.Helper()
	f, err := os.Open("conformance/" + version + ".yml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	found := map[string]string{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if strings.HasPrefix(line, "#") || line == "server:" {
			continue
		}
		m := expected.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%s: %q does not say how many checks fail and why", version, line)
			continue
		}
		found[m[1]] = m[2]
	}
	return found
}

func TestEveryExpectedFailureHasAReason(t *testing.T) {
	for _, version := range baselines {
		if len(expectations(t, version)) == 0 {
			t.Errorf("%s: nothing is expected to fail; remove the baseline", version)
		}
	}
}

func TestConformance(t *testing.T) {
	needClients(t)
	for _, version := range baselines {
		t.Run(version, func(t *testing.T) {
			d := startDemo(t)
			out, err := runClient(t, suiteTime, "conformance", "server", "--url", d.url+"/mcp", "--suite", "all",
				"--spec-version", version, "--expected-failures", "conformance/"+version+".yml", "-o", t.TempDir())
			if err != nil {
				t.Errorf("the suite is not content: %v\n%s", err, out)
			}
			want, ran := expectations(t, version), map[string]bool{}
			for _, m := range outcome.FindAllStringSubmatch(out, -1) {
				if m[3] == "0" && m[4] == "0" && want[m[2]] == "" {
					continue // nothing was checked, which shows nothing
				}
				ran[m[2]] = true
				failed, known := want[m[2]]
				if !known {
					failed = "0"
				}
				// The suite excuses a scenario as a whole: one more failing check in it would go
				// unnoticed.
				if m[4] != failed {
					t.Errorf("%s: %s checks failed, expected %s", m[2], m[4], failed)
				}
			}
			for scenario := range want {
				if !ran[scenario] {
					t.Errorf("%s is in the baseline, but did not run", scenario)
				}
			}
			if len(ran) <= len(want) {
				t.Errorf("%d scenarios ran, all of them expected to fail", len(ran))
			}
			t.Logf("%d scenarios, %d of them expected to fail in part", len(ran), len(want))
		})
	}
}

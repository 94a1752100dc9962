package archtest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	refusalsFrom = "## What is refused, and the test that shows it"
	refusalsTo   = "## What a retry could do"
)

// signingIn are the packages whose every fuzz target is in the table.
var signingIn = []string{"internal/authserver", "internal/resource", "internal/token", "internal/upstream", "internal/web", "pkg/session", "pkg/session/grant"}

var (
	namedTest    = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// tests are all tests and fuzz targets that there are, with their directory, and what is fuzzed
// among them.
func tests(t *testing.T) (all, fuzzed map[string]bool) {
	t.Helper()
	all, fuzzed = map[string]bool{}, map[string]bool{}
	walk(t, func(path string, data []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, m := range declaredTest.FindAllSubmatch(data, -1) {
			name := dir + "." + string(m[1])
			all[name] = true
			if strings.HasPrefix(string(m[1]), "Fuzz") && slices.Contains(signingIn, dir) {
				fuzzed[name] = true
			}
		}
	})
	return all, fuzzed
}

func TestEveryRefusalInTheThreatModelHasItsTest(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root(t), "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(data), "\n"+refusalsFrom+"\n")
	section, _, ended := strings.Cut(section, "\n"+refusalsTo+"\n")
	if !found || !ended {
		t.Fatalf("docs/threat-model.md has no section %q before %q", refusalsFrom, refusalsTo)
	}
	there, fuzzed := tests(t)
	rows := 0
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| attack |") || strings.HasPrefix(line, "| bytes |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(line, "|"), "|")
		last := cells[len(cells)-1]
		named := namedTest.FindAllStringSubmatch(last, -1)
		if len(named) == 0 || strings.Count(last, "`") != 2*len(named) {
			t.Errorf("a row names no test, or one that is not written as `directory.TestName`: %s", line)
		}
		for _, m := range named {
			name := m[1] + "." + m[2]
			if !there[name] {
				t.Errorf("docs/threat-model.md names %s, which there is not", name)
			}
			delete(fuzzed, name)
		}
	}
	if rows < 60 {
		t.Errorf("the tables have %d rows only", rows)
	}
	for _, name := range slices.Sorted(maps.Keys(fuzzed)) {
		t.Errorf("docs/threat-model.md does not name %s among what parses foreign bytes", name)
	}
}

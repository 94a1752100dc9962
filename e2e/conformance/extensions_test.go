//go:build conformance

package conformance

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The suite has no scenario of a server for the extensions of authorization that the gateway
// serves, only for clients. It judges here the very providers by which the tests of e2e sign in at
// the gateway (grants/client.mjs), so that what these show is shown for clients as the extensions
// want them.
func TestExtensionsAreServedToConformingClients(t *testing.T) {
	for _, scenario := range []string{
		"auth/client-credentials-basic", "auth/client-credentials-jwt", "auth/enterprise-managed-authorization",
	} {
		t.Run(scenario, func(t *testing.T) {
			program, err := filepath.Abs("../grants/suite.mjs")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			out, err := runSuite(t, "client", "--scenario", scenario, "--command", node+" "+program, "-o", dir)
			if err != nil {
				t.Errorf("the suite is not content: %v\n%s", err, out)
			}
			passed := 0
			for _, n := range tallies(t, dir) {
				passed += n.passed
				if n.failed > 0 {
					t.Errorf("%d checks failed", n.failed)
				}
			}
			if passed == 0 {
				t.Error("nothing was checked")
			}
			t.Logf("%d checks passed", passed)
		})
	}
}

// notServed are the suite's scenarios of extensions that the gateway does not serve, and does not
// declare.
var notServed = []string{"sep-2640-skills-", "tasks-"}

var extension = regexp.MustCompile(`^  - (\S+) \[extension\]$`)

// A scenario that the suite gains for what the gateway serves must not go unnoticed: those of
// extensions belong to no suite and no version, and are run by name alone.
func TestNoExtensionScenarioIsLeftOut(t *testing.T) {
	out, err := runSuite(t, "list")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := 0
	section := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if strings.HasSuffix(line, ":") {
			section = line
		}
		m := extension.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(section, "Client") {
			continue
		}
		known := false
		for _, prefix := range notServed {
			known = known || strings.HasPrefix(m[1], prefix)
		}
		if found++; !known {
			t.Errorf("%s of %s is new: run it, or say that the gateway does not serve it", m[1], section)
		}
	}
	if found == 0 {
		t.Error("the list of scenarios is not as it was: no extension is in it")
	}
}

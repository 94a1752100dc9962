package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxExampleLines bounds an example's lines of code: without blank ones and comments.
const maxExampleLines = 25

// Whoever imports pkg/ has a module of their own and no access to internal/, so the examples are
// compiled from there. The modules that they need are those that this test was built with.
func TestExamplesCompileOutsideTheModule(t *testing.T) {
	outside := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root(t), "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	mod := fmt.Sprintf("module example.com/outside\n\ngo 1.26\n\nrequire %s v0.0.0\n\nreplace %s => %s\n", module, module, root(t))
	for name, data := range map[string]string{"go.mod": mod, "go.sum": string(sums)} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"clerkapi", "mcpadapter", "session"} {
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join(root(t), "docs", "examples", name, "main.go"))
			if err != nil {
				t.Fatal(err)
			}
			lines := 0
			for line := range strings.Lines(string(source)) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
					lines++
				}
			}
			if lines > maxExampleLines {
				t.Errorf("it has %d lines of code, at most %d are allowed", lines, maxExampleLines)
			}
			dir := filepath.Join(outside, name)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "main.go"), source, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "example"), "./"+name)
			cmd.Dir = outside
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// golist is what go list prints in a directory below the root.
func golist(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = filepath.Join(root(t), dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v\n%s", dir, err, stderr.String())
	}
	return string(out)
}

// requiredLine is a module that a go.mod requires, with its version.
var requiredLine = regexp.MustCompile(`(?m)^\s+(\S+) (v\S+)`)

// required are the modules that the go.mod of a directory requires, with their versions.
func required(t *testing.T, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range requiredLine.FindAllSubmatch(data, -1) {
		versions[string(m[1])] = string(m[2])
	}
	return versions
}

// Whoever imports pkg/ has to judge, and partly to download, what our go.mod requires.
func TestRootModuleRequiresNeitherBrowserNorCompose(t *testing.T) {
	for dir, wanted := range map[string]bool{".": false, "e2e": true} {
		versions := required(t, dir)
		for _, path := range []string{"github.com/chromedp/chromedp", "github.com/compose-spec/compose-go/v2"} {
			if _, has := versions[path]; has != wanted {
				t.Errorf("%s/go.mod requires %s: %v, want %v", dir, path, has, wanted)
			}
		}
	}
}

// What e2e drives is built by the root module, so its tests must see the same libraries.
func TestModulesAgreeOnVersions(t *testing.T) {
	ours := required(t, ".")
	shared := 0
	for path, version := range required(t, "e2e") {
		if other, ok := ours[path]; ok {
			shared++
			if other != version {
				t.Errorf("e2e requires %s %s, the root module %s", path, version, other)
			}
		}
	}
	if shared == 0 {
		t.Error("the modules share no requirement")
	}
}

func TestPublicPackagesLeaveMiniredisOut(t *testing.T) {
	deps := golist(t, ".", "-deps", "./pkg/...")
	if !strings.Contains(deps, module+"/pkg/session/redisstore\n") {
		t.Fatal("pkg/session/redisstore is not among them")
	}
	for path := range strings.Lines(deps) {
		if strings.Contains(path, "/miniredis/") {
			t.Errorf("pkg/... depends on %s", strings.TrimSpace(path))
		}
	}
}

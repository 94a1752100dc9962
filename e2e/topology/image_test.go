//go:build unix

package topology_test

import (
	"regexp"
	"strings"
	"testing"
)

// instructions are those of the Dockerfile, one per line, comments left out; those of the last
// stage begin at last.
func instructions(t *testing.T) (all []string, last int) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		all = append(all, line)
		if strings.HasPrefix(line, "FROM ") {
			last = len(all) - 1
		}
	}
	return all, last
}

func find(lines []string, prefix string) string {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

func TestImageIsBuiltWithTheToolchainOfTheModule(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "go.mod"))
	if version == nil {
		t.Fatal("go.mod has no go line")
	}
	all, _ := instructions(t)
	if got := find(all, "ARG GO_VERSION="); got != "ARG GO_VERSION="+version[1] {
		t.Errorf("%q, but go.mod says %s", got, version[1])
	}
}

func TestImageHasAStaticBinaryThatKnowsItsVersion(t *testing.T) {
	all, last := instructions(t)
	build := find(all[:last], "RUN ")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-X main.buildVersion=${VERSION}", "./cmd/gateway"} {
		if !strings.Contains(build, want) {
			t.Errorf("%s is not in %q", want, build)
		}
	}
	if find(all[:last], "ARG VERSION") == "" {
		t.Error("VERSION is not a build argument of the stage that builds")
	}
	if !strings.Contains(read(t, "cmd/gateway/version.go"), "\nvar buildVersion string\n") {
		t.Error("the linker's variable main.buildVersion is gone")
	}
	if all[last] != "FROM scratch" {
		t.Errorf("%q: the image holds more than it needs", all[last])
	}
	if copied := find(all[last:], "COPY "); !strings.Contains(copied, "ca-certificates.crt") {
		t.Errorf("%q: without authorities the gateway trusts no https server", copied)
	}
}

func TestImageRunsAsNobody(t *testing.T) {
	all, last := instructions(t)
	if user := find(all[last:], "USER "); !regexp.MustCompile(`^USER [1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("%q: a number that is not root's is needed", user)
	}
}

func TestImageChecksItsOwnHealth(t *testing.T) {
	all, last := instructions(t)
	if check := find(all[last:], "HEALTHCHECK "); !strings.HasSuffix(check, `CMD ["/gateway", "healthcheck"]`) {
		t.Errorf("%q", check)
	}
	if entry := find(all[last:], "ENTRYPOINT "); entry != `ENTRYPOINT ["/gateway"]` {
		t.Errorf("%q", entry)
	}
}

func TestBuildContextLetsInOnlyWhatTheBinaryIsMadeOf(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(read(t, ".dockerignore")), "\n")
	var rules []string
	for _, line := range lines {
		if !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	if rules[0] != "*" {
		t.Fatalf("the first rule is %q; it must keep everything out", rules[0])
	}
	for _, rule := range rules[1:] {
		switch rule {
		case "!go.mod", "!go.sum", "!cmd", "!internal", "!openapi", "!pkg", "**/testdata", "**/*_test.go":
		default:
			t.Errorf("%q lets in something else", rule)
		}
	}
}

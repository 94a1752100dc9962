package archtest

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// maxCallFiles bounds the files that a reader opens to follow a call from the wire to the REST API.
const maxCallFiles = 35

var (
	namedFile    = regexp.MustCompile("`([a-z0-9_/]+\\.go)`")
	numberedFile = regexp.MustCompile("`[a-z0-9_/]+\\.go`,?\\s+\\(?([0-9]+)[;)]|\\(([0-9]+)\\)")
)

func TestArchitectureNamesFilesThatExist(t *testing.T) {
	var text string
	files := map[string]bool{}
	walk(t, func(at string, data []byte) {
		if at == "docs/architecture.md" {
			text = string(data)
		}
		if strings.HasSuffix(at, ".go") {
			files[at], files[path.Base(at)] = true, true
			if i := strings.Index(at, "internal/args/"); i > 0 {
				files[at[i:]] = true
			}
		}
	})
	for _, m := range namedFile.FindAllStringSubmatch(text, -1) {
		if !files[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	_, way, _ := strings.Cut(text, "## The way of a tool call")
	way, _, _ = strings.Cut(way, "\n## ")
	next := 1
	for _, m := range numberedFile.FindAllStringSubmatch(way, -1) {
		if n, _ := strconv.Atoi(m[1] + m[2]); n != next {
			t.Errorf("%s has the number %d, want %d", m[0], n, next)
		}
		next++
	}
	if n := next - 1; n < 30 || n > maxCallFiles {
		t.Errorf("a call passes %d files, at most %d are allowed", n, maxCallFiles)
	}
}

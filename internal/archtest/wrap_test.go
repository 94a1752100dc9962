package archtest

import (
	"bytes"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxColumns is where prose wraps, a tab being four.
const maxColumns = 100

func isWide(line string) bool {
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) > maxColumns
}

// Comments that stand on lines of their own wrap. Code and tables in them, which are indented, do
// not.
func TestCommentsWrap(t *testing.T) {
	prose := regexp.MustCompile(`^\s*// \S.* `)
	walk(t, func(path string, data []byte) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		lines := strings.Split(string(data), "\n")
		for _, group := range file.Comments {
			if strings.Contains(group.Text(), "Output:") { // of an example
				continue
			}
			for _, c := range group.List {
				n := fset.Position(c.Pos()).Line
				if line := lines[n-1]; prose.MatchString(line) && isWide(line) {
					t.Errorf("%s:%d: wrap this comment at %d columns", path, n, maxColumns)
				}
			}
		}
	})
}

// Prose of documents wraps. Tables, code, headings and what is generated do not.
func TestDocsWrap(t *testing.T) {
	block := regexp.MustCompile(`^\s*(\||#|<|\[[^\]]+\]: )`)
	walk(t, func(path string, data []byte) {
		if !strings.HasSuffix(path, ".md") {
			return
		}
		code, generated := false, false
		for i, raw := range bytes.Split(data, []byte("\n")) {
			line := string(raw)
			switch trimmed := strings.TrimSpace(line); {
			case strings.HasPrefix(trimmed, "```"):
				code = !code
			case strings.HasPrefix(trimmed, "<!-- generated"):
				generated = true
			case strings.HasPrefix(trimmed, "<!-- end"):
				generated = false
			}
			if !code && !generated && isWide(line) && !block.MatchString(line) && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s:%d: wrap this line at %d columns", path, i+1, maxColumns)
			}
		}
	})
}

package archtest

import (
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

// snippets are the indented blocks of a file's comments that are Go.
func snippets(source string) (found []string) {
	var block []string
	flush := func() {
		text := strings.Join(block, "\n")
		block = nil
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+text+"\n}\n", 0)
		if err == nil && strings.TrimSpace(text) != "" {
			found = append(found, text)
		}
	}
	for line := range strings.Lines(source) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			block = append(block, strings.TrimSuffix(code, "\n"))
			continue
		}
		flush()
	}
	return found
}

// unindented is a text with no white space around its lines.
func unindented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// Whoever copies from a comment copies what was compiled.
func TestSnippetsInCommentsAreExamples(t *testing.T) {
	found, examples := map[string][]string{}, map[string]string{} // by directory
	walk(t, func(file string, data []byte) {
		dir, name := path.Split(file)
		switch {
		case !strings.HasSuffix(name, ".go"):
		case strings.HasPrefix(name, "example") && strings.HasSuffix(name, "_test.go"):
			examples[dir] += unindented(string(data))
		case !strings.HasSuffix(name, "_test.go"):
			found[dir] = append(found[dir], snippets(string(data))...)
		}
	})
	for dir, all := range found {
		for _, snippet := range all {
			if !strings.Contains(examples[dir], unindented(snippet)) {
				t.Errorf("this is in a comment of %s and in none of its examples:\n%s", dir, snippet)
			}
		}
	}
	for dir, least := range map[string]int{"pkg/clerkapi/": 3, "pkg/mcpadapter/": 5, "pkg/session/": 5} {
		if len(found[dir]) < least {
			t.Errorf("%s has %d snippets, want at least %d", dir, len(found[dir]), least)
		}
	}
}

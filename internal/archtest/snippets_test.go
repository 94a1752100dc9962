package archtest

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// snippets are the indented blocks of a package comment that are Go.
func snippets(doc string) (found []string) {
	var block []string
	flush := func() {
		text := strings.Join(block, "\n")
		block = nil
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+text+"\n}\n", 0)
		if err == nil && strings.TrimSpace(text) != "" {
			found = append(found, text)
		}
	}
	for line := range strings.Lines(doc) {
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

// Whoever copies from a package comment copies what was compiled.
func TestSnippetsOfPackageCommentsAreExamples(t *testing.T) {
	for dir, least := range map[string]int{"pkg/clerkapi": 3, "pkg/mcpadapter": 5, "pkg/session": 5} {
		t.Run(dir, func(t *testing.T) {
			dir := filepath.Join(root(t), filepath.FromSlash(dir))
			files, err := filepath.Glob(filepath.Join(dir, "example*_test.go"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no examples: %v", err)
			}
			examples := ""
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				examples += unindented(string(data))
			}
			doc, err := os.ReadFile(filepath.Join(dir, "doc.go"))
			if err != nil {
				t.Fatal(err)
			}
			found := snippets(string(doc))
			if len(found) < least {
				t.Errorf("%d snippets, want at least %d", len(found), least)
			}
			for _, snippet := range found {
				if !strings.Contains(examples, unindented(snippet)) {
					t.Errorf("this is in no example:\n%s", snippet)
				}
			}
		})
	}
}

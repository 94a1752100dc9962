package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// awkward are phrases that no text for people has, and what to write instead.
var awkward = []struct {
	phrase  *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\bcannot\s+be\s+had\b`), `"is (temporarily) unavailable"`},
	{regexp.MustCompile(`(?i)\banew\b`), `"again" or "new"`},
	{regexp.MustCompile(`(?i)\bin\s+so\s+many\s+words\b`), `"explicitly", or what is said`},
	{regexp.MustCompile(`(?i)\bwhat\s+linters\b`), `"fix lint findings"`},
}

var (
	isNo = regexp.MustCompile(`(?i)(\bthere\s+)?(?:\b(?:can|could|may|might|must|shall|should|will|would|has|have|had)\s+)?` +
		`\b(?:is|are|was|were|be|been)\s+no\s+(\w+)`)
	soundNo  = []string{"longer", "more", "such"}
	whatIsNo = `"is not an X"`
)

// finding is a phrase in a text, with how far into it that stands.
type finding struct {
	at              int
	phrase, instead string
}

// awkwardIn are the phrases of a text that people should not have to read.
func awkwardIn(text string) (found []finding) {
	for _, a := range awkward {
		for _, at := range a.phrase.FindAllStringIndex(text, -1) {
			found = append(found, finding{at[0], text[at[0]:at[1]], a.instead})
		}
	}
	for _, at := range isNo.FindAllStringSubmatchIndex(text, -1) {
		if at[2] < 0 && !slices.Contains(soundNo, strings.ToLower(text[at[4]:at[5]])) {
			found = append(found, finding{at[0], text[at[0]:at[1]], whatIsNo})
		}
	}
	return found
}

func TestAwkwardPhrasesAreFound(t *testing.T) {
	for text, want := range map[string]int{
		"the credential cannot be had at the moment":                          1,
		"the credential cannot\nbe had":                                       1,
		"add it anew":                                                         1,
		"it says so in so many words":                                         1,
		"fix what linters point at":                                           1,
		"the body is no JSON-RPC message":                                     1,
		"those are no\nnumbers, and this was no answer":                       2,
		"it would be no use":                                                  1,
		"There is no session, and there are no others":                        0,
		"there would be no way, and there has been no answer":                 0,
		"it is no longer there, there are no more, and this is no such thing": 0,
		"it is not a message; a renewed one is known":                         0,
	} {
		if got := awkwardIn(text); len(got) != want {
			t.Errorf("%q: %v, want %d", text, got, want)
		}
	}
}

func TestTextsForPeopleArePlain(t *testing.T) {
	walk(t, func(path string, data []byte) {
		report := func(line int, f finding) {
			t.Errorf("%s:%d says %q; write %s", path, line, f.phrase, f.instead)
		}
		switch filepath.Ext(path) {
		case ".md", ".html":
			for _, f := range awkwardIn(string(data)) {
				report(1+bytes.Count(data[:f.at], []byte("\n")), f)
			}
		case ".go":
			if strings.HasSuffix(path, "_test.go") {
				return
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, data, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, start, ok := literal(n)
				if !ok {
					return true
				}
				for _, f := range awkwardIn(text) {
					report(files.Position(start).Line, f)
				}
				return false
			})
		}
	})
}

// literal is the text of a literal, or of several that are joined in the source.
func literal(n ast.Node) (text string, start token.Pos, ok bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			text, err := strconv.Unquote(n.Value)
			return text, n.Pos(), err == nil
		}
	case *ast.BinaryExpr:
		left, start, ok := literal(n.X)
		if right, _, also := literal(n.Y); n.Op == token.ADD && ok && also {
			return left + right, start, true
		}
	}
	return "", 0, false
}

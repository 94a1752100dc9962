package archtest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leastAnswered is how many questions docs/where.md answers at least.
const leastAnswered = 40

var (
	whereRow     = regexp.MustCompile("(?m)^\\| (.+\\?) \\| \\[`([^`]+)`\\]\\(\\.\\./([^)]+)\\) \\| (.+) \\|$")
	fileInAMap   = regexp.MustCompile(`\b([a-z0-9_]+\.go)\b`)
	notInComment = regexp.MustCompile(`(?s)^(?://[^\n]*\n)*\s*package \w+\n|^\s*import \(.*?\n\)\n|^\s*import [^\n]*\n`)
	commentLines = regexp.MustCompile(`(?m)^[ \t]*//.*(?:\n[ \t]*//.*)*`)
)

// firstComment is the first comment of a file below its imports, on one line.
func firstComment(data []byte) string {
	text := string(data)
	for at := notInComment.FindStringIndex(text); at != nil; at = notInComment.FindStringIndex(text) {
		text = text[at[1]:]
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(commentLines.FindString(text), "//", " ")), " ")
}

func TestFilesAreFoundByNameAndByTerm(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root(t), "docs", "where.md"))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, row := range whereRow.FindAllStringSubmatch(string(page), -1) {
		question, file, link, term := row[1], row[2], row[3], row[4]
		if asked[question] = true; file != link {
			t.Errorf("%s is linked to %s", file, link)
		}
		data, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(file)))
		if err != nil {
			t.Errorf("%q: %v", question, err)
			continue
		}
		text := path.Base(file) + " " + firstComment(data)
		if !strings.Contains(strings.ToLower(text), strings.ToLower(term)) {
			t.Errorf("%q: neither name nor first comment of %s has %q: %s", question, file, term, text)
		}
	}
	if rows := strings.Count(string(page), "\n| ") - 1; len(asked) < leastAnswered || len(asked) != rows {
		t.Errorf("%d questions in %d rows, want at least %d, each once", len(asked), rows, leastAnswered)
	}
}

// A package comment may be a map of the way through the files.
func TestPackageCommentsNameFilesThatExist(t *testing.T) {
	maps := 0
	walk(t, func(file string, data []byte) {
		if path.Base(file) != "doc.go" {
			return
		}
		dir := filepath.Join(root(t), filepath.FromSlash(path.Dir(file)))
		named := fileInAMap.FindAllStringSubmatch(string(data), -1)
		if len(named) > 5 {
			maps++
		}
		for _, m := range named {
			if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
	})
	if maps < 3 {
		t.Errorf("%d maps of a package were found, want those of authserver, endpoint and idempotency", maps)
	}
}

// maxTestName is how long the name of a test may be: variants are subtests.
const maxTestName = 60

func TestNamesOfTestsAreShort(t *testing.T) {
	all, _ := tests(t)
	for name := range all {
		if test := name[strings.LastIndex(name, ".")+1:]; len(test) > maxTestName {
			t.Errorf("%s has %d characters, at most %d are allowed", name, len(test), maxTestName)
		}
	}
}

var (
	pathInDocs = regexp.MustCompile("`((?:internal|pkg|cmd|docs|e2e|openapi|deploy|scripts)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`")
	identifier = regexp.MustCompile(`\.[A-Z]`)
	fileInDocs = regexp.MustCompile("`([a-z0-9_]+\\.go)`")
)

// Docs, decisions too, name packages and files as they are now. What is named with its package is
// held elsewhere.
func TestDocsNameFilesThatExist(t *testing.T) {
	files := map[string]bool{}
	walk(t, func(file string, _ []byte) { files[path.Base(file)] = true })
	walk(t, func(file string, data []byte) {
		if !strings.HasSuffix(file, ".md") || file == "CHANGELOG.md" {
			return
		}
		for _, m := range pathInDocs.FindAllStringSubmatch(string(data), -1) {
			if identifier.MatchString(m[1]) {
				continue
			}
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
		for _, m := range fileInDocs.FindAllStringSubmatch(string(data), -1) {
			if !files[m[1]] {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
	})
}

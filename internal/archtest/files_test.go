package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const maxLines = 400

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// walk calls f with every file of the tree that is written by hand.
func walk(t *testing.T, f func(path string, data []byte)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && slices.Contains([]string{".git", "node_modules", "bin", "run", "dist"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || strings.HasSuffix(path, ".gen.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(rel), data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFileIsOneConcern(t *testing.T) {
	walk(t, func(path string, data []byte) {
		if path == declaration { // one struct, which grows with each setting and cannot be divided
			return
		}
		if lines := bytes.Count(data, []byte("\n")); strings.HasSuffix(path, ".go") && lines > maxLines {
			t.Errorf("%s has %d lines, at most %d are allowed", path, lines, maxLines)
		}
	})
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented, seen := map[string]string{}, map[string]bool{} // by directory; commands say it beside their main
	walk(t, func(path string, data []byte) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, data, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		seen[dir] = true
		if file.Doc != nil {
			if other, ok := documented[dir]; ok {
				t.Errorf("%s and %s both have a package comment", path, other)
			}
			documented[dir] = path
			if file.Name.Name != "main" && filepath.Base(path) != "doc.go" {
				t.Errorf("%s: the package comment stands in doc.go", path)
			}
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "http", "errors", "misc"}, file.Name.Name) {
			t.Errorf("%s: a package is named for what it provides, not %s", path, file.Name.Name)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: no init functions", path)
			}
		}
	})
	for dir := range seen {
		if documented[dir] == "" {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

// unfinished are words that say that something is not done.
var unfinished = regexp.MustCompile(`\bTODO\b|\bFIXME\b`)

func TestNothingIsLeftUnfinished(t *testing.T) {
	walk(t, func(path string, data []byte) {
		if path == "internal/archtest/files_test.go" || bytes.IndexByte(data, 0) >= 0 || strings.HasSuffix(path, ".sum") {
			return
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			if m := unfinished.Find(line); m != nil {
				t.Errorf("%s:%d mentions %s", path, i+1, m)
			}
		}
	})
}

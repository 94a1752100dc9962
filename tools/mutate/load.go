package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// pkg is the package that the faults are seeded in.
type pkg struct {
	path, dir string // the import path; the directory
	rel       string // the directory, relative to the root
	names     []string
	sources   map[string][]byte // by base name, as are files
	files     map[string]*ast.File
	fset      *token.FileSet
	info      *types.Info
	types     *types.Package
	exports   types.Importer
}

type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly, Standard       bool
}

// load reads and checks a package of the tree below dir.
func load(ctx context.Context, dir, pattern string) (*pkg, error) {
	args := []string{"go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly,Standard", pattern}
	out, err := command(ctx, dir, append(args, helperImports...)...)
	if err != nil {
		return nil, err
	}
	p := &pkg{sources: map[string][]byte{}, files: map[string]*ast.File{}, fset: token.NewFileSet()}
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[l.ImportPath] = l.Export
		if l.DepOnly || l.Standard {
			continue
		}
		if p.path != "" {
			return nil, fmt.Errorf("%s is more than one package", pattern)
		}
		p.path, p.dir, p.names = l.ImportPath, l.Dir, l.GoFiles
	}
	if p.path == "" {
		return nil, fmt.Errorf("%s is not a package of this module", pattern)
	}
	if p.rel, err = relative(dir, p.dir); err != nil {
		return nil, err
	}
	for _, name := range p.names {
		src, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(p.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.sources[name], p.files[name] = src, f
	}
	p.exports = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s is not among the dependencies", path)
		}
		return os.Open(exports[path])
	})
	p.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}
	conf := types.Config{Importer: p.exports}
	p.types, err = conf.Check(p.path, p.fset, p.ordered(p.files), p.info)
	return p, err
}

func (p *pkg) ordered(files map[string]*ast.File) []*ast.File {
	var all []*ast.File
	for _, name := range p.names {
		all = append(all, files[name])
	}
	return all
}

func relative(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, dir)
	return filepath.ToSlash(rel), err
}

// problem is what the compiler would say of an instrumented file.
type problem struct {
	file   string
	offset int
	text   string
}

// check type-checks the package with instrumented files in the place of its own.
func (p *pkg) check(sources map[string][]byte, helper []byte) []problem {
	var problems []problem
	fset := token.NewFileSet()
	var files []*ast.File
	parse := func(name string, src []byte) {
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			problems = append(problems, problem{file: name, offset: -1, text: err.Error()})
			return
		}
		files = append(files, f)
	}
	for _, name := range p.names {
		parse(name, sources[name])
	}
	parse(helperFile, helper)
	if len(problems) > 0 {
		return problems
	}
	conf := types.Config{Importer: p.exports, Error: func(err error) {
		var te types.Error
		if errors.As(err, &te) {
			pos := fset.Position(te.Pos)
			problems = append(problems, problem{file: pos.Filename, offset: pos.Offset, text: pos.String() + ": " + te.Msg})
		}
	}}
	_, _ = conf.Check(p.path, fset, files, nil) // its error is the first problem
	return problems
}

// command runs one that has to succeed, and returns what it printed.
func command(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s%s", args, err, stderr.Bytes(), stdout.Bytes())
	}
	return stdout.Bytes(), nil
}

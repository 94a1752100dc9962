package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// suite is the test binary of a package, with the faults in it.
type suite struct {
	binary, dir string
	prefix      string // of its tests' names
}

// build compiles the tests of patterns against the instrumented package.
func build(ctx context.Context, p *pkg, faults []*fault, root, work string, patterns []string) ([]suite, error) {
	sources, _ := p.instrument(faults)
	sources[helperFile] = p.helper(len(faults))
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, src := range sources {
		to := filepath.Join(work, name)
		if err := os.WriteFile(to, src, 0o600); err != nil {
			return nil, err
		}
		overlay.Replace[filepath.Join(p.dir, name)] = to
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, err
	}
	var suites []suite
	for i, pattern := range patterns {
		dir, err := command(ctx, root, "go", "list", "-f", "{{.Dir}}", pattern)
		if err != nil {
			return nil, err
		}
		s := suite{binary: filepath.Join(work, strconv.Itoa(i)+".test"), dir: string(dir[:len(dir)-1])}
		if len(patterns) > 1 {
			s.prefix = pattern + " "
		}
		if _, err := command(ctx, root, "go", "test", "-c", "-vet=off", "-overlay", file, "-o", s.binary, pattern); err != nil {
			return nil, err
		}
		if _, err := os.Stat(s.binary); err != nil {
			return nil, fmt.Errorf("%s has no tests", pattern)
		}
		suites = append(suites, s)
	}
	return suites, nil
}

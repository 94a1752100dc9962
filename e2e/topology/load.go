//go:build unix

package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// Options say where things are.
type Options struct {
	// Dir holds docker-compose.yml, deploy/ and perhaps .env. Required.
	Dir string
	// Environ are the variables that settings come from, as of os.Environ. They win over .env.
	Environ []string
	// Binary is the gateway's. Required.
	Binary string
	// StateDir is where Redis keeps its data. Required.
	StateDir string
}

// Topology is a planned set of processes.
type Topology struct {
	// Levels are the processes by the order in which they start; those of one level do not depend
	// on each other.
	Levels [][]*Process
	// Addresses are where published ports are reached, by service, as host:port.
	Addresses map[string]string

	running sync.Map // *supervisor by service
}

// Load plans the processes. Its errors say what to change.
func Load(ctx context.Context, o Options) (*Topology, error) {
	if o.Dir == "" || o.Binary == "" || o.StateDir == "" {
		return nil, errors.New("topology: Dir, Binary and StateDir are required")
	}
	for _, path := range []*string{&o.Dir, &o.Binary, &o.StateDir} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return nil, err
		}
		*path = abs
	}
	project, err := Project(ctx, o.Dir, o.Environ)
	if err != nil {
		return nil, err
	}
	ports, err := assignPorts(project)
	if err != nil {
		return nil, err
	}
	t := &Topology{Addresses: ports.published}
	started := map[string]bool{}
	for len(started) < len(project.Services) {
		names := next(project, started)
		if len(names) == 0 {
			return nil, errors.New("docker-compose.yml: services depend on each other in a circle")
		}
		var level []*Process
		for _, name := range names {
			p, err := plan(project.Services[name], ports, o)
			if err != nil {
				return nil, fmt.Errorf("service %s: %w", name, err)
			}
			level = append(level, p)
			started[name] = true
		}
		t.Levels = append(t.Levels, level)
	}
	return t, nil
}

// Project reads dir/docker-compose.yml and dir/.env as a container engine does, and checks both the
// file's form and what it refers to against the compose specification.
func Project(ctx context.Context, dir string, environ []string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "docker-compose.yml")},
		cli.WithWorkingDirectory(dir),
		cli.WithEnv(environ),
		cli.WithEnvFiles(),
		cli.WithDotEnv,
	)
	if err != nil {
		return nil, fmt.Errorf(".env: %w", err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return nil, fmt.Errorf("docker-compose.yml: %w", err)
	}
	return project, nil
}

// next lists the services that are not started and depend only on those that are.
func next(project *types.Project, started map[string]bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		ready := !started[name]
		for dependency := range project.Services[name].DependsOn {
			ready = ready && started[dependency]
		}
		if ready {
			names = append(names, name)
		}
	}
	return names
}

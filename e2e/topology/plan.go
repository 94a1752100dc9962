//go:build unix

package topology

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Process is how one service runs.
type Process struct {
	Name string
	Path string
	Args []string
	Env  []string
	// Dir is the working directory; it is made if it is missing.
	Dir string
	// StopSignal asks the process to end; after StopGrace it is killed.
	StopSignal syscall.Signal
	StopGrace  time.Duration
	// Address is the one that tells whether the process serves, as host:port.
	Address string

	probe probe
}

// inherited are the variables that a process needs from the machine.
var inherited = []string{"PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"}

func plan(s types.ServiceConfig, ports *ports, o Options) (*Process, error) {
	p := &Process{Name: s.Name, Dir: o.Dir, StopSignal: syscall.SIGTERM, StopGrace: 10 * time.Second}
	if s.StopSignal == "SIGUSR1" {
		p.StopSignal = syscall.SIGUSR1
	}
	if s.StopGracePeriod != nil {
		p.StopGrace = time.Duration(*s.StopGracePeriod)
	}
	if err := p.environment(s, ports); err != nil {
		return nil, err
	}
	args := make([]string, len(s.Command))
	for i, a := range s.Command {
		var err error
		if args[i], err = ports.rewrite(s.Name, a); err != nil {
			return nil, err
		}
	}
	switch image, _, _ := strings.Cut(s.Image, ":"); image {
	case "clerk-mcp-gateway":
		return p, p.gateway(s, args, ports, o)
	case "redis":
		return p, p.redis(args, ports, o)
	case "haproxy":
		return p, p.haproxy(s, ports)
	default:
		return nil, fmt.Errorf("no process is known for the image %s", s.Image)
	}
}

func (p *Process) environment(s types.ServiceConfig, ports *ports) error {
	for _, name := range inherited {
		if v, ok := os.LookupEnv(name); ok {
			p.Env = append(p.Env, name+"="+v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if s.Environment[name] == nil {
			continue
		}
		value, err := ports.rewrite(s.Name, *s.Environment[name])
		if err != nil {
			return err
		}
		p.Env = append(p.Env, name+"="+value)
	}
	return nil
}

// gateway runs a command of the gateway's binary. Its health is what the service's own health check
// says.
func (p *Process) gateway(s types.ServiceConfig, args []string, ports *ports, o Options) error {
	if _, err := os.Stat(o.Binary); err != nil {
		return fmt.Errorf("the gateway's binary is missing: %w; build it: go build -o bin/gateway ./cmd/gateway", err)
	}
	p.Path, p.Args = o.Binary, args
	if s.HealthCheck == nil || len(s.HealthCheck.Test) < 3 || s.HealthCheck.Test[0] != "CMD" {
		return errors.New("the health check must be a command of the gateway's binary")
	}
	var check []string
	for _, a := range s.HealthCheck.Test[2:] {
		// In a health check the container's loopback address means the service itself.
		a, err := ports.rewrite(s.Name, strings.Replace(a, "127.0.0.1:", "0.0.0.0:", 1))
		if err != nil {
			return err
		}
		check = append(check, a)
	}
	p.probe = commandProbe(o.Binary, check, p.Env)
	return nil
}

func (p *Process) redis(args []string, ports *ports, o Options) (err error) {
	if p.Path, err = find("redis-server"); err != nil {
		return err
	}
	if p.Address, err = ports.address(p.Name + ":6379"); err != nil {
		return err
	}
	host, port, _ := strings.Cut(p.Address, ":")
	p.Args = append(args[1:], "--bind", host, "--port", port)
	p.Dir = filepath.Join(o.StateDir, p.Name)
	p.probe = redisProbe(p.Address)
	return nil
}

func (p *Process) haproxy(s types.ServiceConfig, ports *ports) (err error) {
	if p.Path, err = find("haproxy"); err != nil {
		return err
	}
	if len(s.Volumes) != 1 {
		return errors.New("its configuration must be its one volume")
	}
	p.Args = []string{"-db", "-f", s.Volumes[0].Source}
	p.Address = ports.published[p.Name]
	p.probe = httpProbe("http://" + p.Address + "/livez")
	return nil
}

// find looks for a server's program where Debian puts it too when PATH does not say so.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; sudo apt-get install %s", name, name)
}

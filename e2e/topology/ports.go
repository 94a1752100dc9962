//go:build unix

package topology

import (
	"context"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// ports gives each port of a service a place on the loopback address: the published ones where
// docker-compose.yml says, the others wherever there is room.
type ports struct {
	services  map[string]bool
	assigned  map[string]string // "service:port" → "127.0.0.1:port"
	published map[string]string // service → "127.0.0.1:port"
}

func assignPorts(project *types.Project) (*ports, error) {
	p := &ports{services: map[string]bool{}, assigned: map[string]string{}, published: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		p.services[name] = true
		for _, port := range project.Services[name].Ports {
			address := net.JoinHostPort("127.0.0.1", port.Published)
			if _, err := tryListening(address); err != nil {
				return nil, fmt.Errorf("the port of %s is taken: %w; stop what uses it, or set %s_PORT to another one",
					name, err, strings.ToUpper(name))
			}
			p.assigned[name+":"+strconv.FormatUint(uint64(port.Target), 10)] = address
			p.published[name] = address
		}
	}
	return p, nil
}

// tryListening listens for a moment and returns where.
func tryListening(address string) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// hostPort finds a name, or the address that means all of a container's own, with a port.
var hostPort = regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9._-]*):([0-9]{1,5})\b`)

// rewrite replaces what is an address inside the containers' networks, in a value of the service
// given.
func (p *ports) rewrite(service, value string) (string, error) {
	var failed error
	out := hostPort.ReplaceAllStringFunc(value, func(match string) string {
		host, port, _ := strings.Cut(match, ":")
		if host == "0.0.0.0" {
			host = service
		}
		if !p.services[host] {
			return match
		}
		address, err := p.address(host + ":" + port)
		if err != nil {
			failed = err
		}
		return address
	})
	return out, failed
}

// address is where a port of a service is; it stays the same once it was asked for.
func (p *ports) address(key string) (string, error) {
	if address, ok := p.assigned[key]; ok {
		return address, nil
	}
	// A port that was free a moment ago may be offered again.
	for {
		address, err := tryListening("127.0.0.1:0")
		if err != nil {
			return "", err
		}
		if !slices.Contains(slices.Collect(maps.Values(p.assigned)), address) {
			p.assigned[key] = address
			return address, nil
		}
	}
}

//go:build unix

package survival_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// gate stands between one replica and a server it needs, so that the replica can be killed at one
// of its next steps: before or after something passes in either direction.
type gate struct {
	net.Listener
	target string

	mu    sync.Mutex
	steps int // that are let through until sprung is called
	trap  func()
	conns map[net.Conn]bool
	done  sync.WaitGroup
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Listener: l, target: target, conns: map[net.Conn]bool{}}
	g.done.Go(g.serve)
	t.Cleanup(func() {
		_ = l.Close()
		g.mu.Lock()
		for c := range g.conns {
			_ = c.Close()
		}
		g.mu.Unlock()
		g.done.Wait()
	})
	return g
}

// arm has trap called at a step from now on, once.
func (g *gate) arm(steps int, trap func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps, g.trap = steps, trap
}

// disarm reports whether the trap was not sprung yet.
func (g *gate) disarm() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	armed := g.trap != nil
	g.trap = nil
	return armed
}

func (g *gate) step() {
	g.mu.Lock()
	var sprung func()
	if g.trap != nil {
		if g.steps--; g.steps < 0 {
			sprung, g.trap = g.trap, nil
		}
	}
	g.mu.Unlock()
	if sprung != nil {
		sprung()
	}
}

func (g *gate) serve() {
	for {
		c, err := g.Accept()
		if err != nil {
			return
		}
		g.done.Go(func() { g.pass(c) })
	}
}

// pass carries a connection through. When one of its sides ends, both do.
func (g *gate) pass(client net.Conn) {
	server, err := net.Dial("tcp", g.target)
	if err != nil {
		_ = client.Close()
		return
	}
	g.keep(client, server)
	var both sync.WaitGroup
	carry := func(from, to net.Conn) {
		defer func() {
			_ = from.Close()
			_ = to.Close()
		}()
		_, _ = io.Copy(stepping{to, g}, struct{ io.Reader }{from}) // ends when either side does
	}
	both.Go(func() { carry(client, server) })
	both.Go(func() { carry(server, client) })
	both.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, server)
}

func (g *gate) keep(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		g.conns[c] = true
	}
}

// stepping makes a step before and after each write.
type stepping struct {
	io.Writer
	gate *gate
}

func (s stepping) Write(b []byte) (int, error) {
	s.gate.step()
	n, err := s.Writer.Write(b)
	s.gate.step()
	return n, err
}

package histories_test

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// side is what a connection of a process leads to.
type side int

const (
	toStore side = iota
	toAPI
	sides
)

func (s side) String() string { return [...]string{"the store", "the API"}[s] }

var errCut = errors.New("the connection was cut")

// trap is what happens to a process at one of its next steps: before it writes to a connection,
// after it did, or after it read from one.
type trap struct {
	side  side
	steps int // that are still let through
	act   act
	wait  time.Duration // of a stall
}

type act int

const (
	cut   act = iota // the connection breaks
	die              // the process ends
	stall            // the whole process stands still for a while
)

func (a act) String() string { return [...]string{"cut", "die", "stall"}[a] }

// wire is a connection of a process.
type wire struct {
	net.Conn
	process *process
	side    side

	mu       sync.Mutex
	deadline time.Time // for reading
}

func (c *wire) Write(b []byte) (int, error) {
	if err := c.process.step(c); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err == nil {
		err = c.process.step(c)
	}
	return n, err
}

func (c *wire) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		return n, err
	}
	if err := c.late(); err != nil {
		return 0, err
	}
	return n, c.process.step(c)
}

// late keeps an answer back while its server is slow.
func (c *wire) late() error {
	wait := time.Until(c.process.world.slowUntil(c.side))
	if wait <= 0 {
		return nil
	}
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	if left := time.Until(deadline); !deadline.IsZero() && left < wait {
		time.Sleep(left)
		return os.ErrDeadlineExceeded
	}
	time.Sleep(wait)
	return nil
}

func (c *wire) SetDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetDeadline(t)
}

func (c *wire) SetReadDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetReadDeadline(t)
}

func (c *wire) keep(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
}

func (c *wire) Close() error {
	c.process.forget(c)
	return c.Conn.Close()
}

// listener takes the connections of processes to a server.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// dial gives the client's end of a new connection.
func (l *listener) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

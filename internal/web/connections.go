package web

import (
	"container/list"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// Connections bounds the connections of a listener, each of which takes some 30 KB. If there are as
// many as may be, a new one takes the place of the one that has been quiet for longest, but for a
// moment: that is idle, or has not sent a whole request. If there is none new ones wait. From three
// quarters on connections close after an answer.
type Connections struct {
	most int

	mu     sync.Mutex
	room   sync.Cond // a connection was closed or became quiet, or the listener was closed
	open   int
	quiet  list.List // of *boundConn, the one that is quiet for longest first
	closed bool
}

// NewConnections allows so many at once. It is for one listener.
func NewConnections(most int) *Connections {
	c := &Connections{most: most}
	c.room.L = &c.mu
	return c
}

// Listener gives the connections of l as there is room. Its server needs [Connections.Context],
// [Connections.State] and [Connections.Handler].
func (c *Connections) Listener(l net.Listener) net.Listener { return boundListener{l, c} }

type boundListener struct {
	net.Listener
	all *Connections
}

func (l boundListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &boundConn{Conn: conn, all: l.all}
	if !l.all.admit(c) {
		_ = conn.Close() // it is the listener's end that matters
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l boundListener) Close() error {
	l.all.mu.Lock()
	l.all.closed = true
	l.all.room.Broadcast()
	l.all.mu.Unlock()
	return l.Listener.Close()
}

// admit waits until there is room for a connection, and tells whether the listener is still open.
func (c *Connections) admit(one *boundConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open >= c.most && !c.closed {
		if !c.makeRoom() {
			c.room.Wait()
		}
	}
	if c.closed {
		return false
	}
	c.open++
	one.rests()
	return true
}

// makeRoom closes the connection that is quiet for longest, or passes it over if it is not. It is
// false if one has to wait. c.mu is held.
func (c *Connections) makeRoom() bool {
	first := c.quiet.Front()
	if first == nil {
		return false
	}
	one := first.Value.(*boundConn) //nolint:forcetypeassert // the list has no other
	if left := patience - time.Since(one.since); left > 0 {
		time.AfterFunc(left, c.look)
		return false
	}
	if hasUnread(one.Conn) {
		one.rests() // it is this process that is late
		return true // to look at the next one
	}
	one.ends()
	_ = one.Conn.Close() // whoever reads from it notices
	return true
}

// look has whoever waits for room look again.
func (c *Connections) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room.Broadcast()
}

// patience is how long a connection may be quiet while others wait for its place. Less would meet
// clients in the moment in which they send a request.
const patience = 3 * time.Second

type boundConn struct {
	net.Conn
	all *Connections

	// Of all.mu:
	place *list.Element // in all.quiet, nil while it is answered
	since time.Time
	ended bool
}

// rests and works put a connection into the list of the quiet ones and take it out. all.mu is held.
func (c *boundConn) rests() {
	c.works()
	c.place, c.since = c.all.quiet.PushBack(c), time.Now()
}

func (c *boundConn) works() {
	if c.place != nil {
		c.all.quiet.Remove(c.place)
		c.place = nil
	}
}

// ends gives its room back. all.mu is held.
func (c *boundConn) ends() {
	if c.ended {
		return
	}
	c.ended = true
	c.all.open--
	c.works()
	c.all.room.Broadcast()
}

func (c *boundConn) Close() error {
	c.all.mu.Lock()
	c.ends()
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite is for net/http, which keeps a refused client from losing the answer by it.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Context is to be the ConnContext of the server.
func (c *Connections) Context(ctx context.Context, conn net.Conn) context.Context {
	return request.WithConn(ctx, conn)
}

// Handler notes which connections are being answered. A request whose connection was closed in the
// moment in which it came is not begun.
func (c *Connections) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, ok := request.Conn(r.Context()).(*boundConn)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		there, crowded := conn.answers()
		if !there {
			panic(http.ErrAbortHandler)
		}
		if crowded {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// answers tells whether the connection is still there, and whether there are too many for it to
// stay.
func (c *boundConn) answers() (there, crowded bool) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.works()
	return !c.ended, c.all.open > c.all.most*3/4
}

// State is to be the ConnState of the server, which calls it when an answer has been written to its
// end, and when a request begins to come.
func (c *Connections) State(conn net.Conn, state http.ConnState) {
	bound, ok := conn.(*boundConn)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := state == http.StateIdle
	if begins := state == http.StateActive && bound.place != nil; !bound.ended && (idle || begins) {
		bound.rests()
		c.room.Broadcast()
	}
}

package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// PaceOptions are what a client has to keep up with. Each is a bound on standing still or nearly
// so, not on how long something takes: an answer that is silent for an hour is not written in that
// time, and a body may be large.
type PaceOptions struct {
	// Write is the longest that a client takes for 64 KiB of an answer. Default: 10 s.
	Write time.Duration
	// Body is the longest that no byte of a body arrives, and how long a body takes besides a
	// second for each 32 KiB. Default: 10 s.
	Body time.Duration
}

const (
	defaultWrite = 10 * time.Second
	writeChunk   = 64 << 10
	defaultBody  = 10 * time.Second
	bodyRate     = 32 << 10
)

// Pace keeps clients that do not read their answer, or do not send the body that they announced,
// from holding memory and connections. A connection that falls behind is closed, and the context of
// its request ends.
type Pace struct {
	opts  PaceOptions
	hurry atomic.Int64 // takes the place of both stalls, 0 before the process stops

	mu      sync.Mutex
	conns   map[*pacedConn]struct{}
	reading map[*pacedBody]struct{}
	streams map[*pacedStream]struct{} // that are being written to
}

// NewPace is to be used for all listeners of a process, see [Pace.Listener], and their handlers,
// see [Pace.Bodies] and [Pace.Streams].
func NewPace(opts PaceOptions) *Pace {
	if opts.Write <= 0 {
		opts.Write = defaultWrite
	}
	if opts.Body <= 0 {
		opts.Body = defaultBody
	}
	return &Pace{opts: opts, conns: map[*pacedConn]struct{}{}, reading: map[*pacedBody]struct{}{}, streams: map[*pacedStream]struct{}{}}
}

// Hurry shortens all waits for clients that stand still, those under way included: the process
// stops.
func (p *Pace) Hurry(stall time.Duration) {
	p.hurry.Store(int64(stall))
	p.mu.Lock()
	defer p.mu.Unlock()
	end := time.Now().Add(stall) // errors say that a connection is closed
	for c := range p.conns {
		_ = c.SetWriteDeadline(end)
	}
	for b := range p.reading {
		_ = b.conn.SetReadDeadline(end)
	}
	for s := range p.streams {
		_ = s.control.SetWriteDeadline(end)
	}
}

// Listener bounds writing to the connections of a listener, whoever writes: handlers, streams,
// net/http itself.
func (p *Pace) Listener(l net.Listener) net.Listener { return pacedListener{l, p} }

type pacedListener struct {
	net.Listener
	pace *Pace
}

func (l pacedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &pacedConn{Conn: conn, pace: l.pace}
	l.pace.mu.Lock()
	defer l.pace.mu.Unlock()
	l.pace.conns[c] = struct{}{}
	return c, nil
}

type pacedConn struct {
	net.Conn
	pace *Pace
}

func (c *pacedConn) Close() error {
	c.pace.mu.Lock()
	delete(c.pace.conns, c)
	c.pace.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite is for net/http, which keeps a refused client from losing the answer by it.
func (c *pacedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *pacedConn) Write(data []byte) (written int, err error) {
	for first := true; first || len(data) > 0; first = false {
		if err := c.await(); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(data[:min(len(data), writeChunk)])
		written += n
		if err != nil {
			return written, err
		}
		data = data[n:]
	}
	return written, nil
}

// stall is how long a client may stand still, usual as long as the process does not stop.
func (p *Pace) stall(usual time.Duration) time.Duration {
	if hurry := time.Duration(p.hurry.Load()); hurry > 0 {
		return min(hurry, usual)
	}
	return usual
}

// await sets the deadline of the next write, and sets it again should the process have begun to
// stop in between.
func (c *pacedConn) await() error {
	for {
		stall := c.pace.stall(c.pace.opts.Write)
		if err := c.SetWriteDeadline(time.Now().Add(stall)); err != nil || c.pace.stall(c.pace.opts.Write) == stall {
			return err
		}
	}
}

// Bodies bounds reading the bodies of requests. The time counts from the first read, since a
// request may wait before. A read that comes too late ends in an error that is
// [os.ErrDeadlineExceeded], and the connection closes after the answer.
func (p *Pace) Bodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r = r.WithContext(r.Context()) // net/http looks at the body of its own request
			r.Body = &pacedBody{body: r.Body, pace: p, conn: http.NewResponseController(w)}
		}
		next.ServeHTTP(w, r)
	})
}

type pacedBody struct {
	body  io.ReadCloser
	pace  *Pace
	conn  *http.ResponseController
	began time.Time
	read  int64
	err   error
}

func (b *pacedBody) Read(data []byte) (int, error) {
	if b.err != nil { // at its end net/http reads the connection itself, to notice that the client goes away
		return 0, b.err
	}
	if b.err = b.await(); b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(data)
	b.read, b.err = b.read+int64(n), err
	b.pace.mu.Lock()
	defer b.pace.mu.Unlock()
	delete(b.pace.reading, b)
	return n, err
}

// await sets the deadline of the next read.
func (b *pacedBody) await() error {
	now := time.Now()
	if b.began.IsZero() {
		b.began = now
	}
	deadline := b.began.Add(b.pace.opts.Body + time.Duration(b.read)*time.Second/bodyRate)
	b.pace.mu.Lock()
	defer b.pace.mu.Unlock()
	if late := now.Add(b.pace.stall(b.pace.opts.Body)); late.Before(deadline) {
		deadline = late
	}
	if err := b.conn.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	b.pace.reading[b] = struct{}{}
	return nil
}

func (b *pacedBody) Close() error { return b.body.Close() }

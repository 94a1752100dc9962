package web

import (
	"net/http"
	"time"
)

// Streams bounds writing the answers of HTTP/2, as [Pace.Listener] does for HTTP/1. There many
// answers share a connection, and one that its client does not read waits for room in its own
// window, with nothing to be written to the connection: so each has a deadline of its own, and one
// that falls behind is reset and its context ends, while the others go on. A stream that is silent
// has none: it holds nothing that the client has not taken.
func (p *Pace) Streams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			next.ServeHTTP(w, r)
			return
		}
		s := &pacedStream{ResponseWriter: w, pace: p, control: http.NewResponseController(w)}
		next.ServeHTTP(s, r)
		// What net/http has kept back of the answer is written after this. A process that stops
		// waits for handlers only.
		_ = s.control.SetWriteDeadline(time.Now().Add(p.stall(p.opts.Write)))
	})
}

type pacedStream struct {
	http.ResponseWriter
	pace    *Pace
	control *http.ResponseController
}

func (s *pacedStream) Write(data []byte) (written int, err error) {
	for first := true; first || len(data) > 0; first = false {
		s.begin()
		n, err := s.ResponseWriter.Write(data[:min(len(data), writeChunk)])
		s.end()
		written += n
		if err != nil {
			return written, err
		}
		data = data[n:]
	}
	return written, nil
}

// FlushError is for http.ResponseController.
func (s *pacedStream) FlushError() error {
	s.begin()
	defer s.end()
	return s.control.Flush()
}

// Unwrap is for http.ResponseController.
func (s *pacedStream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// begin sets the deadline of a write, under the lock of [Pace.Hurry], which shortens it. An error
// says that the stream is over, and then the write says so too.
func (s *pacedStream) begin() {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	_ = s.control.SetWriteDeadline(time.Now().Add(s.pace.stall(s.pace.opts.Write)))
	s.pace.streams[s] = struct{}{}
}

func (s *pacedStream) end() {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	delete(s.pace.streams, s)
	_ = s.control.SetWriteDeadline(time.Time{})
}

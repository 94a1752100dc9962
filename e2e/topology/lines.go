//go:build unix

package topology

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// lines writes whole lines of several processes to one writer.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) print(name, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, "%-9s | %s\n", name, line) // a log that cannot be written is not a reason to stop
}

// prefixed returns a writer for one process.
func (l *lines) prefixed(name string) *prefixed { return &prefixed{lines: l, name: name} }

// prefixed collects lines. Its process is its only writer.
type prefixed struct {
	lines *lines
	name  string
	rest  []byte
}

func (p *prefixed) Write(data []byte) (int, error) {
	p.rest = append(p.rest, data...)
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		p.lines.print(p.name, string(line))
		p.rest = rest
	}
}

// flush writes what came without a line's end.
func (p *prefixed) flush() {
	if len(p.rest) > 0 {
		p.lines.print(p.name, string(p.rest))
		p.rest = nil
	}
}

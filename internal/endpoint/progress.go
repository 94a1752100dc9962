package endpoint

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// progress hands on what a tool tells of its progress, without ever making the tool wait for the
// client: while one notification is being written, only the latest of those that came since is
// kept.
type progress struct {
	mu   sync.Mutex
	last int
	over bool
	next chan step // holds one
	done chan struct{}
}

type step struct {
	done, total int
	message     string
}

// newProgress begins to notify the client of a call. It needs an end.
func newProgress(ctx context.Context, session *mcp.ServerSession, token json.RawMessage) *progress {
	p := &progress{last: -1, next: make(chan step, 1), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for s := range p.next {
			if ctx.Err() != nil {
				continue // the client is gone
			}
			// An error says that the client is gone: nobody misses it.
			_ = session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: token, Progress: float64(s.done), Total: float64(s.total), Message: s.message,
			})
		}
	}()
	return p
}

// tell is mcpadapter.Call.Progress. What is not further than before is dropped, since progress must
// increase (Progress, "Progress Flow").
func (p *progress) tell(done, total int, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || done <= p.last {
		return
	}
	p.last = done
	select {
	case <-p.next: // out of date
	default:
	}
	p.next <- step{done, total, message} // there is room: only tell fills it, under the lock
}

// end delivers what is left, so that the result comes after it.
func (p *progress) end() {
	p.mu.Lock()
	if !p.over {
		p.over = true
		close(p.next)
	}
	p.mu.Unlock()
	<-p.done
}

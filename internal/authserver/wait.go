package authserver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// TokenPatience is how long after it came a token request may be answered. Several clients take
// every answer but the one hoped for as the end of their login, and all that are known wait longer
// than this.
const TokenPatience = 20 * time.Second

const (
	maxWaiting         = 512
	maxWaitingPerGrant = 4

	// betweenAttempts is how long to leave a store alone that failed.
	betweenAttempts = 100 * time.Millisecond
)

// waitingRoom bounds how many requests wait for the store. Only what carries a code or refresh
// token of ours gets in.
type waitingRoom struct {
	mu     sync.Mutex
	all    int
	grants map[string]int
}

// enter tells whether there is room for one more request of a grant, which must leave then.
func (w *waitingRoom) enter(grant string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= maxWaiting || w.grants[grant] >= maxWaitingPerGrant {
		return false
	}
	if w.grants == nil {
		w.grants = map[string]int{}
	}
	w.all++
	w.grants[grant]++
	return true
}

func (w *waitingRoom) leave(grant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all--
	if w.grants[grant]--; w.grants[grant] == 0 {
		delete(w.grants, grant)
	}
}

// attempted is what attempts at a token request came to.
type attempted struct {
	tokens   *tokens
	err      error
	panicked any
}

// passes tells whether an error may be over in a moment: the store comes back, or the person's turn
// at the provider comes. What does not open will not, and must not take the places of those who
// wait.
func passes(err error) bool {
	return (errors.Is(err, session.ErrUnavailable) || errors.Is(err, ErrUnavailable)) && !unreadable(err)
}

// issueInTime issues tokens, and waits for a store that does not answer until the request's time is
// over, the gateway drains or the client has gone. Every step of a grant may be repeated after a
// store that was unavailable, so an attempt whose end nobody waits for does no harm.
func (s *Server) issueInTime(ctx context.Context, q *tokenRequest) (*tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Patience-s.opts.Now().Sub(q.came))
	defer cancel()
	t, err := s.issue(ctx, s.opts.Prompt.AsOf(q.came), q)
	if !passes(err) {
		s.tellReuse(ctx, q, err)
		return t, err
	}
	if !s.waiting.enter(q.grant) {
		s.tellReuse(ctx, q, err)
		return nil, err
	}
	ended := make(chan attempted, 1)
	go func() {
		var a attempted
		defer func() {
			a.panicked = recover()
			s.waiting.leave(q.grant)
			ended <- a
		}()
		a.tokens, a.err = s.issueAgain(ctx, q, err)
		s.tellReuse(ctx, q, a.err)
	}()
	select {
	case a := <-ended:
		if a.panicked != nil {
			panic(a.panicked)
		}
		return a.tokens, a.err
	case <-s.opts.Draining:
	case <-ctx.Done():
	}
	select {
	case a := <-ended: // at the same moment
		return a.tokens, a.err
	default:
		return nil, err
	}
}

// issueAgain tries until the store answers or the time is over. err is what the last attempt failed
// with.
func (s *Server) issueAgain(ctx context.Context, q *tokenRequest, err error) (*tokens, error) {
	for {
		select {
		case <-ctx.Done():
		case <-time.After(betweenAttempts):
		}
		if ctx.Err() != nil { // also if both came at the same moment
			return nil, err
		}
		var t *tokens
		if t, err = s.issue(ctx, s.opts.Waiting.AsOf(q.came), q); !passes(err) {
			return t, err
		}
	}
}

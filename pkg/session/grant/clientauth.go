package grant

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// ErrAssertionUsed says that an assertion was used before, by whomever.
var ErrAssertionUsed = errors.New("the assertion was used before")

// ClientCheck tells whether the client of a request has proven who it is, as its grant demands. It
// is asked before anything else about a code or token is judged: who has proven nothing cannot end
// a grant by using it wrongly. It is asked again when the grant has changed before a step was
// taken.
type ClientCheck func(Grant) error

// admits asks the checks if the client is that of the grant; another one is refused by whoever
// asks.
func (s *stored) admits(clientID string, checks []ClientCheck) error {
	if !s.Grant.IssuedTo(clientID) {
		return nil
	}
	return s.check(checks)
}

func (s *stored) check(checks []ClientCheck) error {
	for _, check := range checks {
		if err := check(s.Grant); err != nil {
			return err
		}
	}
	return nil
}

// Prove notes with the step that the client has signed an assertion for it.
func (t *Rotation) Prove() {
	if !t.next.Grant.Proven {
		t.next.Grant.Proven, t.repeat = true, false
	}
}

// Assertion is what a client may use once (RFC 7523 §3, jti).
type Assertion struct {
	// ClientID is whose it is, ID its jti.
	ClientID, ID string
	// Request is random and of one request, which may ask again whether its own assertion is good.
	Request string
}

func (a Assertion) name() string {
	sum := sha256.Sum256([]byte("assertion\x00" + ClientRef(a.ClientID) + "\x00" + a.ID))
	return encoding.EncodeToString(sum[:16])
}

// UseAssertion takes an assertion for its request, so that no other one can use it on any replica
// until ttl is over. Errors: ErrAssertionUsed, and ErrUnavailable if nobody can tell: then it must
// be taken for neither.
func (g *Grants) UseAssertion(ctx context.Context, a Assertion, ttl time.Duration) error {
	if g.opts.Assertions == nil {
		return unavailable(errors.New("nothing remembers which assertions were used"))
	}
	name := a.name()
	added, err := g.opts.Assertions.SetNX(ctx, name, []byte(a.Request), ttl)
	if err != nil {
		return unavailable(err)
	}
	if added {
		return nil
	}
	found, there, err := g.opts.Assertions.Get(ctx, name)
	switch {
	case err != nil:
		return unavailable(err)
	case !there, len(found) == 0: // it has just been returned
		return unavailable(errors.New("the assertion is being returned"))
	case bytes.Equal(found, []byte(a.Request)): // an earlier attempt, or the store's client asked twice
		return nil
	}
	return ErrAssertionUsed
}

// ReturnAssertion lets an assertion be used again whose request was told that nothing could be done
// for it. If that cannot be noted its client needs another one.
func (g *Grants) ReturnAssertion(ctx context.Context, a Assertion) {
	if g.opts.Assertions != nil {
		_, _ = g.opts.Assertions.CompareAndSwap(ctx, a.name(), []byte(a.Request), nil, time.Millisecond)
	}
}

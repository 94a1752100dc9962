package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
)

// Check is what came of asking whether a person may still come in.
type Check struct {
	Result Result
	// Reason is a fixed word: why it is a no, or is unknown. Status is that of an HTTP answer which
	// told nothing, 0 without.
	Reason string
	Status int
	// Grant and Subject say about whom.
	Grant, Subject string
	// Why is what the rules said, such as an [identity.Refusal], if it is a no of theirs.
	Why error
	// EndError says that a no could not be put down for all replicas yet.
	EndError error
}

// Result is one of the results of a [Check].
type Result string

// The results. Skipped says that nobody was asked: too many were at the moment, another replica
// asks or has just asked in vain, or the store does not answer.
const (
	Yes     Result = "yes"
	No      Result = "no"
	Unknown Result = "unknown"
	Skipped Result = "skipped"
)

const (
	// longestCheckPause is how long at most nobody is asked about a grant again after an answer
	// that said nothing.
	longestCheckPause = time.Minute
	// noRoomPause is how long a process does not look for room for the same grant again.
	noRoomPause = time.Second
)

var (
	// errSkipped says that nobody was asked, errInVain that somebody was a moment ago, who did not
	// know.
	errSkipped = errors.New("upstream: nobody was asked about the person")
	errInVain  = errors.New("upstream: somebody was asked about the person a moment ago, in vain")
	// errUndecided says that it was not the provider who had nothing to say: nobody has asked, or
	// the answer is still to come. So nothing that only lasts while nobody knows may end by it.
	errUndecided = fmt.Errorf("%w: the question about the person was not asked, or is not answered yet", ErrUnavailable)
	// errUnrecorded says that it is a no and that the store did not take that. It is an
	// [ErrUnavailable].
	errUnrecorded error = unrecorded{}
)

type unrecorded struct{}

func (unrecorded) Error() string { return "upstream: the store does not take the end of a grant" }

// Is makes it an [ErrUnavailable].
func (unrecorded) Is(target error) bool { return target == ErrUnavailable }

// isNo reports whether a check found that the person may not come in.
func isNo(err error) bool { return errors.Is(err, ErrGrantOver) || errors.Is(err, errUnrecorded) }

// checkPause is why a process asks nobody about a grant for a while.
type checkPause struct {
	until time.Time
	// inVain says that the provider was asked and said nothing; otherwise it was not asked.
	inVain bool
}

// pausedCheck gives the pause that a grant is in.
func (l *Login) pausedCheck(grant string) (p checkPause, paused bool) {
	p, known := l.unasked.Get(grant)
	return p, known && l.now().Before(p.until)
}

func (l *Login) pauseCheck(grant string, d time.Duration, inVain bool) {
	l.unasked.Add(grant, checkPause{l.now().Add(d), inVain})
}

// joinCheck joins the check of a grant that is under way in this process, or starts one.
func (l *Login) joinCheck(ctx context.Context, g Grant) *flight.Flight[*state] {
	t := task{
		grant: g.ID, subject: g.Subject, store: l.opts.Patient, limit: l.provider.opts.CheckTime,
		ask: l.provider.check, ready: l.readyToCheck, failed: l.pauseAll, check: true,
	}
	t.load = func(ctx context.Context) (*state, uint64, bool, error) {
		r, version, err := l.fetch(ctx, t.store, g.ID, g.Subject)
		switch {
		case err != nil:
			return nil, 0, false, err
		case r.state.Over:
			return nil, 0, false, ErrGrantOver
		}
		return r.state, version, l.due(g, r), nil
	}
	f, _ := l.join(apart(ctx), "check\x00"+g.ID+"\x00"+g.Subject, func(ctx context.Context) (*state, error) {
		s, err := l.renew(ctx, &t)
		return s, l.conclude(ctx, g, &t, err)
	})
	return f
}

// readyToCheck is asked under the lease: whether anybody has just asked in vain, and whether there
// is room.
func (l *Login) readyToCheck(ctx context.Context, grant string) error {
	switch paused, err := l.opts.Patient.Paused(ctx, grant); {
	case err != nil:
		return errSkipped // without the store nobody is asked
	case paused:
		l.pauseCheck(grant, l.vainPause()/2, true)
		return errInVain
	}
	if !l.opts.Room(ctx) {
		l.pauseCheck(grant, noRoomPause, false)
		return errSkipped
	}
	return nil
}

func (l *Login) vainPause() time.Duration { return min(l.opts.Recheck, longestCheckPause) }

// pauseAll keeps all replicas from asking about a grant again at once.
func (l *Login) pauseAll(ctx context.Context, grant string) {
	l.pauseCheck(grant, l.vainPause(), true)
	_ = l.opts.Patient.Pause(ctx, grant, l.vainPause()) // else the others ask once each
}

// conclude puts a no down, tells what came of a check, and says [errUndecided] of one that told
// nothing about the provider.
func (l *Login) conclude(ctx context.Context, g Grant, t *task, err error) error {
	c := Check{Result: Unknown, Grant: g.ID, Subject: g.Subject}
	var u *unknownError
	var n *noError
	switch {
	case err == nil && !t.asked: // somebody else asked
		return nil
	case err == nil:
		c.Result = Yes
	case errors.Is(err, errUnrecorded):
		c.Reason = "no_that_the_store_did_not_take"
	case errors.Is(err, ErrGrantOver):
		c.Result, c.Reason = No, "ended_before"
		if errors.As(err, &n) {
			c.Reason, c.Why = n.reason, n.why
		}
		c.EndError = l.opts.End(context.WithoutCancel(ctx), g.ID)
	case errors.As(err, &u) && (t.asked || t.withoutMetadata):
		c.Reason, c.Status = u.reason, u.status
	default:
		if c.Result = Skipped; !errors.Is(err, errInVain) {
			err = errors.Join(errUndecided, err)
		}
	}
	l.opts.OnCheck(ctx, c)
	return err
}

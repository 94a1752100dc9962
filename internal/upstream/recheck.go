package upstream

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/internal/request"
)

// Grant is what the gateway itself knows of a grant.
type Grant struct {
	ID, Subject string
	// Sub is the provider's own name for the person, Email their address as it was shown.
	Sub, Email string
	// Born is when the person signed in; zero if that is not known.
	Born time.Time
}

// Look says whether a grant stands, by what is kept of it; it asks nobody but the store. Its errors
// are [ErrGrantOver], [ErrNotAllowed] for who is shut out by a rule, [ErrLapsed], and
// [ErrUnreadable] for a grant that nobody can judge here. A store that does not answer is not an
// error: then it goes by what this process knows, and for the rest somebody else decides. What is
// missing cannot be judged and counts from the sign-in on.
func (l *Login) Look(ctx context.Context, g Grant) error {
	kept := loadFrom(ctx, l.store, g.ID)
	seen, err := l.interpret(kept, g.Subject)
	request.From(ctx).SignIn = &look{loaded: &kept, grant: g, seen: seen}
	switch {
	case errors.Is(err, ErrUnreadable), errors.Is(err, ErrGrantOver):
		return err
	case errors.Is(err, ErrUnavailable):
		if seen, _ = l.known.Get(g.ID); seen == nil || seen.state.Subject != g.Subject {
			return nil
		}
		return l.stands(g, seen)
	}
	return l.stands(g, seen)
}

// stands judges what is kept, nil for nothing.
func (l *Login) stands(g Grant, r *reading) error {
	switch {
	case r == nil:
		if err := l.provider.opts.Deny.Deny(g.claims()); err != nil {
			return notAllowed{err}
		}
	case r.state.Over:
		return ErrGrantOver
	case r.denied != nil:
		return r.denied
	}
	return l.age(g, r)
}

// claims are those that the gateway knows by itself.
func (g Grant) claims() map[string]any {
	claims := map[string]any{}
	if g.Sub != "" {
		claims["sub"] = g.Sub
	}
	if iss, _, ok := strings.Cut(g.Subject, "#"); ok { // an issuer has no fragment
		claims["iss"] = iss
	}
	if g.Email != "" {
		claims["email"] = g.Email
	}
	return claims
}

// lastYes is when somebody who knows last said that the person may come in; zero if nobody can say.
func lastYes(g Grant, r *reading) time.Time {
	if r != nil && !r.state.Allowed.IsZero() {
		return r.state.Allowed
	}
	return g.Born
}

// age says [ErrLapsed] of a yes that is too old to be all there is.
func (l *Login) age(g Grant, r *reading) error {
	if yes := lastYes(g, r); !yes.IsZero() && l.now().Sub(yes) > l.opts.MaxAge {
		return ErrLapsed
	}
	return nil
}

// due reports whether the provider is to be asked: after a while, and when the rules no longer fit
// what is kept.
func (l *Login) due(g Grant, r *reading) bool {
	return r != nil && !r.state.Over && !r.state.Asserted && (r.unfit != nil || l.now().Sub(lastYes(g, r)) > l.opts.Recheck)
}

// StillAllowed says whether a grant may go on, and has the provider asked if that was long ago.
// data is what is kept of the grant, nil for nothing. Errors are those of Look, [ErrNotAllowed] too
// for who is not admitted by the rules any more, and [ErrUnavailable] for a no that could not be
// put down.
func (l *Login) StillAllowed(ctx context.Context, g Grant, data []byte) error {
	var seen *reading
	if len(data) > 0 {
		var err error
		if seen, err = l.read(g.ID, data); err != nil {
			return err
		}
		if seen.state.Subject != g.Subject {
			return ErrGrantOver
		}
	}
	return l.ask(ctx, g, seen, true)
}

// CheckBeforeWriting is StillAllowed for a request that has been looked at: before it does
// something that cannot be undone, the provider is asked if that was long ago. Without [Login.Look]
// before it, or if the store did not answer, nobody is asked. asked says that the caller had to
// wait, so that the grant may have been ended meanwhile.
func (l *Login) CheckBeforeWriting(ctx context.Context) (asked bool, err error) {
	g, seen, done := once(ctx, func(r *look) *bool { return &r.asked })
	if done {
		return false, nil
	}
	if asked = l.due(g, seen); asked {
		forget(ctx)
	}
	return asked, l.ask(ctx, g, seen, false)
}

// forget has what Look read read again: there may be other tokens by now.
func forget(ctx context.Context) {
	r := lookOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loaded = nil
}

// CheckBeside has the provider asked if that was long ago, and waits for nothing.
func (l *Login) CheckBeside(ctx context.Context) {
	if g, seen, done := once(ctx, func(r *look) *bool { return &r.beside }); !done && l.due(g, seen) {
		if _, paused := l.pausedCheck(g.ID); !paused {
			l.joinCheck(ctx, g)
		}
	}
}

// once gives what Look found, to the first who asks for it for a purpose.
func once(ctx context.Context, purpose func(*look) *bool) (g Grant, seen *reading, done bool) {
	r := lookOf(ctx)
	if r == nil {
		return Grant{}, nil, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	done = *purpose(r) || r.seen == nil
	*purpose(r) = true
	return r.grant, r.seen, done
}

// ask judges what is kept, and waits for the provider where it is to be asked. strict takes what is
// kept for a no if the rules do not admit it and nobody knows better. While the provider has not
// been asked, or has not answered yet, nothing ends for its silence: that is unavailable, and tried
// again.
func (l *Login) ask(ctx context.Context, g Grant, seen *reading, strict bool) error {
	if err := l.stands(g, seen); err != nil && !errors.Is(err, ErrLapsed) {
		return err
	}
	undecided := false
	if l.due(g, seen) {
		if p, paused := l.pausedCheck(g.ID); paused {
			undecided = !p.inVain
		} else {
			err := answerOf(ctx, l.joinCheck(ctx, g), l.provider.opts.CheckTime)
			if err == nil || isNo(err) || ctx.Err() != nil {
				return err
			}
			undecided = errors.Is(err, errUndecided)
		}
	}
	err := l.age(g, seen)
	if strict && seen != nil && seen.unfit != nil {
		err = seen.unfit
	}
	if err != nil && undecided {
		return errUndecided
	}
	return err
}

// answerOf waits for a check for as long as a call may; then it goes on, and who comes later hears
// of it.
func answerOf(ctx context.Context, f *flight.Flight[*state], patience time.Duration) error {
	timer := time.NewTimer(time.Until(f.Began.Add(patience)))
	defer timer.Stop()
	select {
	case <-f.Done():
	case <-timer.C:
	case <-ctx.Done():
		return errors.Join(ErrUnavailable, ctx.Err())
	}
	select {
	case <-f.Done(): // also if the time was over at the same moment
		_, err := f.Result()
		return err
	default:
		return errUndecided
	}
}

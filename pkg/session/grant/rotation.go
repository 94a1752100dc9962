package grant

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"
)

// Rotation is the next step of a grant (a code that is redeemed, or a refresh token that is
// replaced by a new one), prepared and not yet taken: nothing is written until [Rotation.Commit].
type Rotation struct {
	// Grant is whose step it is.
	Grant Grant

	grants *Grants
	old    *stored
	next   grantRecord
	redeem bool // it is a code's, and not a rotation
	repeat bool // nothing changes: the refresh token is the one that is good already
	direct bool // it is the only step of a grant without a code and refresh tokens
	checks []ClientCheck
	// upstream is stored with the step of a direct grant; nil for nothing.
	upstream []byte
}

// maxRaces is how often a step is tried whose record changes meanwhile.
const maxRaces = 5

// Redeem prepares what a code is for (RFC 6749 §4.1.3). The client, the redirect and the verifier
// must be those that the code was made for; the redirect may be left out, as in OAuth 2.1 §4.1.3,
// since the verifier binds the code. A code that is presented by anybody else, or again, ends its
// grant: somebody holds it who should not (RFC 9700 §2.1.1, OAuth 2.1 §4.1.3). Errors: those of
// checks, ErrNoGrant, ErrRevoked, ErrReplayed, ErrMismatch, ErrUnavailable.
func (g *Grants) Redeem(ctx context.Context, code, clientID, redirectURI, verifier string, checks ...ClientCheck) (*Rotation, error) {
	id, secret, ok := g.openCode(code)
	if !ok {
		return nil, ErrNoGrant
	}
	s, err := g.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(secret); subtle.ConstantTimeCompare(sum[:], s.Code[:]) != 1 {
		return nil, ErrNoGrant
	}
	if err := s.admits(clientID, checks); err != nil {
		return nil, err
	}
	now, came, err := g.clock(ctx, id)
	if err != nil {
		return nil, err
	}
	late := came.Unix() >= s.Until
	switch {
	case !s.redeemable(), s.Unanswered && late:
		return nil, g.replayed(ctx, id)
	case !s.Grant.IssuedTo(clientID) || redirectURI != "" && s.Binding.RedirectURI != redirectURI || !s.Binding.verifies(verifier):
		return nil, g.end(ctx, id, ErrMismatch)
	case late:
		return nil, ErrNoGrant
	}
	t := &Rotation{Grant: s.Grant, grants: g, old: s, next: s.grantRecord, redeem: true, checks: checks}
	t.next.Generation, t.next.Turned = 1, now.Unix()
	return t, nil
}

// redeemable tells whether a grant's code may still be redeemed: nobody did, or it is not known
// that the answer was sent.
func (s *stored) redeemable() bool { return s.state == grantAsked || s.Unanswered }

// verifies compares as RFC 7636 §4.6 says for S256.
func (b Binding) verifies(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(want), []byte(b.Challenge)) == 1
}

// Refresh prepares what a refresh token is for (RFC 6749 §6). Processes of one client share a
// login, and answers are lost. So a token that was replaced leads to the one that is good for a
// grace period, however often it comes; and within that time the family is not rotated again, so
// that whoever was given a token can use it for a whole grace period after the next rotation. After
// it the token ends the grant, since somebody holds a copy (RFC 9700 §4.14.2).
//
// Errors: those of checks, ErrNoGrant, ErrRevoked, ErrReplayed (see [ReuseError]), ErrUnavailable;
// and ErrMismatch for another client, which ends nothing: whoever could read the token could as
// well have used it.
func (g *Grants) Refresh(ctx context.Context, token, clientID string, checks ...ClientCheck) (*Rotation, error) {
	id, n, ok := g.openRefresh(token)
	if !ok {
		return nil, ErrNoGrant
	}
	s, err := g.get(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !s.Grant.IssuedTo(clientID):
		return nil, ErrMismatch
	}
	if err := s.admits(clientID, checks); err != nil {
		return nil, err
	}
	now, came, err := g.clock(ctx, id)
	if err != nil {
		return nil, err
	}
	t := &Rotation{Grant: s.Grant, grants: g, old: s, next: s.grantRecord, checks: checks}
	since := s.rotatedBefore(came)
	switch {
	case n < s.Generation && !s.inGrace(n, since, g.opts.Grace):
		return nil, g.endReused(ctx, s, since)
	// The first token has none before it that somebody could still be using.
	case n < s.Generation, n == s.Generation && n > 1 && since <= g.opts.Grace:
		t.repeat = true
		return t, nil
	case n == s.Generation:
		n++
	}
	// A number beyond the one that is known is one that a store forgot when it failed over, as it
	// may have forgotten that the code was redeemed. It is ours, so it is the one that is good, and
	// those who hold the one before have a grace period from now on.
	t.next.Generation, t.next.Turned = n, now.Unix()
	return t, nil
}

// rotatedBefore is how long before a time the family was rotated last, to the second as records
// keep it. Both times lose their fractions, so a grace period is never shorter than it should be.
func (s *stored) rotatedBefore(t time.Time) time.Duration {
	return time.Duration(t.Unix()-s.Turned) * time.Second
}

// inGrace tells whether a token that was replaced was still good when it came. One of two rotations
// ago was replaced a whole grace period before the last one; so it can only have been good if it
// came before that, and was held up.
func (s *stored) inGrace(n uint32, since, grace time.Duration) bool {
	switch s.Generation - n {
	case 1:
		return since <= grace
	case 2:
		return since < 0
	}
	return false
}

// end revokes a grant for a reason.
func (g *Grants) end(ctx context.Context, id string, reason error) error {
	if err := g.Revoke(ctx, id); err != nil {
		return err
	}
	return reason
}

// replayed revokes a grant whose code was used twice. A request that nobody waits for any more does
// not: it may be the client's own, held up in the store, and the other one its next try.
func (g *Grants) replayed(ctx context.Context, id string) error {
	if ctx.Err() != nil {
		return unavailable(ctx.Err())
	}
	return g.end(ctx, id, ErrReplayed)
}

// Commit takes the step and gives the refresh token that is good from now on. If somebody else
// redeemed the code meanwhile, it was used twice (ErrReplayed); if somebody else rotated the
// family, their token is given. Errors: those of [Grants.Redeem]. After ErrUnavailable the step may
// have been taken or not, and can be repeated in either case.
func (t *Rotation) Commit(ctx context.Context) (refresh string, err error) {
	g, id := t.grants, t.Grant.ID
	if t.direct {
		return "", t.commitDirect(ctx)
	}
	if t.repeat {
		return g.refreshToken(id, t.old.Generation), nil
	}
	ttl := max(time.Second, g.ttl(t.Grant))
	if err := g.upstream.keep(ctx, id, ttl); err != nil {
		return "", err
	}
	if t.redeem {
		return t.commitCode(ctx, ttl)
	}
	return t.commitRotation(ctx, ttl)
}

// commitCode takes the code with one write and closes it with another. Between the two it can be
// redeemed again, which is for the client that was told that its redemption failed. Of two who
// redeem it at the same time only one can close it; so the other one learns that the code was used
// twice, whoever wrote first.
//
// If the second write fails the answer is sent all the same: the first one has begun the family.
// The code is then closed by the next rotation, and until its minute is over only its own client
// can redeem it, which proves its verifier.
func (t *Rotation) commitCode(ctx context.Context, ttl time.Duration) (string, error) {
	g, id := t.grants, t.Grant.ID
	t.next.Unanswered = true
	taken, err := t.replace(ctx, ttl, func(now *stored) error {
		if !now.redeemable() {
			return g.replayed(ctx, id)
		}
		t.next.Grant.Proven = t.next.Grant.Proven || now.Grant.Proven
		return nil
	})
	if err != nil {
		return "", err
	}
	if ctx.Err() != nil { // the answer reaches nobody, so the code stays open for the client's next try
		return "", unavailable(ctx.Err())
	}
	t.next.Unanswered, t.next.Until = false, 0
	closed, err := g.encode(&t.next, grantLives)
	if err != nil {
		return "", err
	}
	if replaced, err := g.opts.Records.CompareAndSwap(ctx, id, taken, closed, ttl); err == nil && !replaced {
		if _, err := g.get(ctx, id); err != nil { // it was revoked, or the store lost it
			return "", err
		}
		return "", g.replayed(ctx, id)
	}
	return g.refreshToken(id, 1), nil
}

// errAdopted says that another request has taken the same step.
var errAdopted = errors.New("adopted")

func (t *Rotation) commitRotation(ctx context.Context, ttl time.Duration) (string, error) {
	g, id := t.grants, t.Grant.ID
	t.next.Unanswered, t.next.Until = false, 0
	good := t.next.Generation
	_, err := t.replace(ctx, ttl, func(now *stored) error {
		generation, turned, proven := t.next.Generation, t.next.Turned, t.next.Grant.Proven
		if now.Generation >= generation {
			good = now.Generation
			if now.Grant.Proven || !proven {
				return errAdopted
			}
			generation, turned = now.Generation, now.Turned // only that it is proven is still to be noted
		}
		// Something else of the record has changed: take that over.
		t.next = now.grantRecord
		t.next.Grant.Proven = proven || now.Grant.Proven
		t.next.Generation, t.next.Turned, t.next.Unanswered, t.next.Until = generation, turned, false, 0
		return nil
	})
	if err != nil && !errors.Is(err, errAdopted) {
		return "", err
	}
	return g.refreshToken(id, good), nil
}

// replace writes the next record over the old one and gives what it wrote. When the record is
// another one by then, changed says whether the step can still be taken, and may adapt it.
func (t *Rotation) replace(ctx context.Context, ttl time.Duration, changed func(now *stored) error) (written []byte, err error) {
	g, id := t.grants, t.Grant.ID
	for range maxRaces {
		value, err := g.encode(&t.next, grantLives)
		if err != nil {
			return nil, err
		}
		replaced, err := g.opts.Records.CompareAndSwap(ctx, id, t.old.raw, value, ttl)
		if err != nil {
			return nil, unavailable(err)
		}
		if replaced {
			return value, nil
		}
		now, err := g.get(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := now.check(t.checks); err != nil {
			return nil, err
		}
		if err := changed(now); err != nil {
			return nil, err
		}
		t.old = now
	}
	return nil, unavailable(errors.New("the grant changes all the time"))
}

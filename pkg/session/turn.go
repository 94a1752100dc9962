package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"
)

// Turn is the next step of a grant, prepared and not yet taken: nothing is written until [Turn.Commit].
type Turn struct {
	// Grant is whose step it is.
	Grant Grant

	grants *Grants
	old    *stored
	next   grantRecord
	repeat bool // the step was taken a moment ago, and this is the same again
}

// Redeem prepares what a code is for (RFC 6749 §4.1.3). The client, the redirect and the verifier must be those that the
// code was made for. A code that is presented by anybody else, or again, ends its grant: somebody holds it who should not
// (RFC 9700 §2.1.1, OAuth 2.1 §4.1.3). Errors: ErrNoGrant, ErrRevoked, ErrReplayed, ErrMismatch, ErrUnavailable.
func (g *Grants) Redeem(ctx context.Context, code, clientID, redirectURI, verifier string) (*Turn, error) {
	raw, err := encoding.DecodeString(code)
	if err != nil || len(raw) != grantIDSize+codeSize || len(code) != encoding.EncodedLen(len(raw)) {
		return nil, ErrNoGrant
	}
	s, err := g.get(ctx, encoding.EncodeToString(raw[:grantIDSize]))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw[grantIDSize:]); subtle.ConstantTimeCompare(sum[:], s.Code[:]) != 1 {
		return nil, ErrNoGrant
	}
	switch {
	case s.state == grantLives:
		return nil, g.end(ctx, s.Grant.ID, ErrReplayed)
	case s.Grant.ClientID != clientID || s.Binding.RedirectURI != redirectURI || !s.Binding.verifies(verifier):
		return nil, g.end(ctx, s.Grant.ID, ErrMismatch)
	case g.opts.Now().Unix() >= s.Until:
		return nil, ErrNoGrant
	}
	t := &Turn{Grant: s.Grant, grants: g, old: s, next: s.grantRecord}
	t.next.Generation, t.next.Turned, t.next.Until = 1, g.opts.Now().Unix(), 0
	return t, nil
}

// verifies compares as RFC 7636 §4.6 says for S256.
func (b Binding) verifies(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(want), []byte(b.Challenge)) == 1
}

// Refresh prepares what a refresh token is for (RFC 6749 §6). One that was replaced may come again for the grace, since its
// answer may have been lost, and leads to the token that replaced it. After that it ends the grant, since somebody holds a
// copy (RFC 9700 §4.14.2). Errors: ErrNoGrant, ErrRevoked, ErrReplayed, ErrUnavailable; and ErrMismatch for another
// client, which ends nothing: whoever could read the token could as well have used it.
func (g *Grants) Refresh(ctx context.Context, token, clientID string) (*Turn, error) {
	id, n, ok := g.openRefresh(token)
	if !ok {
		return nil, ErrNoGrant
	}
	s, err := g.get(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case s.state != grantLives:
		return nil, ErrNoGrant
	case s.Grant.ClientID != clientID:
		return nil, ErrMismatch
	}
	t := &Turn{Grant: s.Grant, grants: g, old: s, next: s.grantRecord}
	now := g.opts.Now()
	switch {
	case n+1 == s.Generation && now.Sub(time.Unix(s.Turned, 0)) <= g.grace():
		t.repeat = true
		return t, nil
	case n < s.Generation:
		return nil, g.end(ctx, id, ErrReplayed)
	}
	// A number beyond the one that is known is one that a store forgot when it failed over. It is ours, so it counts.
	t.next.Generation, t.next.Turned = n+1, now.Unix()
	return t, nil
}

// end revokes a grant for a reason.
func (g *Grants) end(ctx context.Context, id string, reason error) error {
	if err := g.Revoke(ctx, id); err != nil {
		return err
	}
	return reason
}

// Commit takes the step with one write, and gives the refresh token that is good from now on. If another replica took the
// same step meanwhile, a code was used twice (ErrReplayed), and a refresh leads to the same token. Errors: those of
// [Grants.Redeem]. After ErrUnavailable the step may have been taken or not; a refresh can be repeated in either case.
func (t *Turn) Commit(ctx context.Context) (refresh string, err error) {
	g, id := t.grants, t.Grant.ID
	if t.repeat {
		return g.refreshToken(id, t.old.Generation), nil
	}
	ttl := max(time.Second, g.ttl(t.Grant.Born))
	if err := g.upstream.keep(ctx, id, ttl); err != nil {
		return "", err
	}
	value, err := g.encode(&t.next, grantLives)
	if err != nil {
		return "", err
	}
	replaced, err := g.opts.Records.Replace(ctx, id, t.old.raw, value, ttl)
	if err != nil {
		return "", unavailable(err)
	}
	if replaced {
		return g.refreshToken(id, t.next.Generation), nil
	}
	if t.old.state == grantAsked {
		err := g.end(ctx, id, ErrReplayed)
		return "", err
	}
	now, err := g.get(ctx, id)
	switch {
	case err != nil:
		return "", err
	case now.Generation == t.next.Generation:
		return g.refreshToken(id, now.Generation), nil
	}
	return "", unavailable(errors.New("the grant changes all the time"))
}

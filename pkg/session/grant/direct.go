package grant

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// Direct prepares a grant that is made for one access token, with no browser before it: it has no
// code, no refresh token and nothing of a provider, and ends when that token has: at notAfter, or
// [Options].AccessLife and a moment from now if that is sooner. In all else it is a grant like any
// other: operators see it and can end it, and its token with it. The grant's ID, Born and Until are
// set here. Nothing is stored before [Rotation.Commit].
func (g *Grants) Direct(grant Grant, notAfter time.Time) *Rotation {
	raw := make([]byte, grantIDSize)
	_, _ = rand.Read(raw) // never fails
	now := g.opts.Now().UTC()
	grant.ID, grant.Born, grant.Until = encoding.EncodeToString(raw), now.Truncate(time.Second), now.Add(g.opts.AccessLife+directMargin)
	if !notAfter.IsZero() && notAfter.Before(grant.Until) {
		grant.Until = notAfter.UTC()
	}
	return &Rotation{Grant: grant, grants: g, next: grantRecord{Grant: grant}, direct: true}
}

// Carry gives a direct grant what belongs to the provider behind it; nil for nothing.
func (t *Rotation) Carry(upstream []byte) { t.upstream = upstream }

// directMargin is how much later than its token a grant ends, and its record after that: signing
// takes a moment, and clocks are apart.
const directMargin = time.Minute

var errIDTaken = errors.New("the id of a new grant is taken")

// commitDirect stores the grant. After an error it may be there, with nothing that leads to it; the
// next try makes another one.
func (t *Rotation) commitDirect(ctx context.Context) error {
	g := t.grants
	value, err := g.encode(&t.next, grantLives)
	if err != nil {
		return err
	}
	life := max(time.Second, t.Grant.Until.Sub(g.opts.Now())+directMargin)
	if t.upstream != nil {
		if err := g.upstream.begin(ctx, t.Grant.ID, t.upstream, life); err != nil {
			return err
		}
	}
	switch added, err := g.opts.Records.SetNX(ctx, t.Grant.ID, value, life); {
	case err != nil:
		return unavailable(err)
	case !added: // the store's client asked twice, since the first reply was lost
		return unavailable(errIDTaken)
	}
	return nil
}

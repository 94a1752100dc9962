package grant

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// ErrClaimed says that another request is redeeming the provider's answer at this moment, or was
// until less than [ClaimLife] ago without saying how it ended. It says nothing about the answer:
// ask again.
var ErrClaimed = errors.New("the authorization request is being finished")

// ClaimLife is how long a claim keeps everybody else from the provider's answer. It must be longer
// than redeeming that answer may take.
const ClaimLife = 30 * time.Second

// A mark stands for the handle of a request that the browser carries. Its first byte says how far
// that is; behind it is who made the mark. One that is neither, such as a newer replica's, counts
// as claimed until it disappears.
const (
	markClaimed = 'c'
	markSpent   = 's'
)

// Claim is the right to redeem the provider's answer to one authorization request.
type Claim struct {
	requests *AuthRequests
	name     string
	owner    []byte
}

func (c *Claim) mark(state byte) []byte { return append([]byte{state}, c.owner...) }

// Claim takes the handle of a request before its answer is redeemed at the provider, so that nobody
// redeems it at the same time on any replica. A claim that is not spent ends by itself after
// [ClaimLife]: if its owner died, or if the store failed after it took the mark, nothing is lost.
// Errors: ErrNoAuthRequest if the handle is spent, ErrClaimed and ErrUnavailable.
func (a *AuthRequests) Claim(ctx context.Context, handle string) (*Claim, error) {
	c := &Claim{requests: a, name: handleName("handle", handle), owner: []byte(rand.Text())}
	added, err := a.records.SetNX(ctx, c.name, c.mark(markClaimed), ClaimLife)
	if err != nil {
		return nil, unavailable(err)
	}
	if added {
		return c, nil
	}
	switch found, err := c.read(ctx); {
	case err != nil:
		return nil, err
	case bytes.Equal(found, c.mark(markClaimed)): // the store's client asked twice, since the first reply was lost
		return c, nil
	case len(found) > 0 && found[0] == markSpent:
		return nil, ErrNoAuthRequest
	}
	return nil, ErrClaimed
}

// Spend makes the claim final, for longer than the browser can come again with its request. Nothing
// that the answer gave may be handed out before: without the mark the same request could give two
// codes. Errors: ErrNoAuthRequest if the claim ended and somebody else has taken the handle,
// ErrUnavailable if nobody can tell.
func (c *Claim) Spend(ctx context.Context) error {
	records, spent := c.requests.records, c.mark(markSpent)
	life := c.requests.life + time.Minute // for clocks that are apart
	done, err := records.CompareAndSwap(ctx, c.name, c.mark(markClaimed), spent, life)
	if err == nil && !done { // it ended, or the store lost it: then it is free, or somebody else's
		done, err = records.SetNX(ctx, c.name, spent, life)
	}
	if err != nil {
		return unavailable(err)
	}
	if done {
		return nil
	}
	found, err := c.read(ctx)
	if err == nil && !bytes.Equal(found, spent) { // equal after a reply that was lost, as in Claim
		err = ErrNoAuthRequest
	}
	return err
}

func (c *Claim) read(ctx context.Context) ([]byte, error) {
	found, _, err := c.requests.records.Get(ctx, c.name)
	if err != nil {
		return nil, unavailable(err)
	}
	return found, nil
}

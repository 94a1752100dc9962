package idempotency

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
)

// A claim says which attempt made what can be seen in Clerk Chat, for the whole deployment.
//
// The version before this one named a claim by the id alone, and its replicas may still run beside
// this one. Their claims count here, and claims are made under their names too. What tells a claim
// of that kind that is about something else with the same id is the mark in the attempt's name. All
// of this can go with the next version.

// markLength is how much of its fingerprint's name an attempt carries.
const markLength = 8

// newAttempt names an attempt. One that can be searched for carries a mark of its fingerprint.
func (c *call) newAttempt() string {
	if c.operation.Fingerprint == [32]byte{} {
		return rand.Text()
	}
	return rand.Text() + "." + c.fingerprintNames(c.operation)[0][:markLength]
}

// looksOtherwise tells whether an attempt certainly is of another fingerprint than this operation.
func (c *call) looksOtherwise(attempt string) bool {
	_, mark, marked := strings.Cut(attempt, ".")
	return marked && !slices.ContainsFunc(c.fingerprintNames(c.operation), func(name string) bool { return strings.HasPrefix(name, mark) })
}

func (m *Guard) formerClaimNames(id string) []string { return m.names("claim", id) }

// claimant is the attempt that has claimed what was made: another if there is one, else this, else
// "".
func (c *call) claimant(ctx context.Context, id, attempt string) (owner string, err error) {
	names := c.claimNames(c.operation, id)
	for i, name := range append(names, c.formerClaimNames(id)...) {
		by, found, err := c.opts.Claims.Get(ctx, name)
		switch {
		case err != nil:
			return "", err
		case !found, i >= len(names) && c.looksOtherwise(string(by)):
		case string(by) != attempt:
			return string(by), nil
		default:
			owner = attempt
		}
	}
	return owner, nil
}

// claim says that an attempt made this. ok is false if another has said so.
func (c *call) claim(ctx context.Context, id, attempt string) (ok bool, err error) {
	names := c.claimNames(c.operation, id)
	add := func(name string) (bool, error) {
		return c.opts.Claims.SetNX(ctx, name, []byte(attempt), c.fingerprintLife())
	}
	former := false
	formerly := async(func() (err error) {
		former, err = add(c.formerClaimNames(id)[0])
		return err
	})
	added, err := add(names[0])
	err = errors.Join(err, formerly())
	if err != nil || added && former && len(names) == 1 {
		return err == nil, err
	}
	owner, err := c.claimant(ctx, id, attempt)
	return owner == attempt, err
}

package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// GrantsToEnd are the grants to end: one by ID, those of a person or client, or all, also those
// that cannot be read.
type GrantsToEnd struct {
	ID string
	WhichGrants
	All bool
}

// Problem wants to be told whose grants are meant, in one way.
func (c GrantsToEnd) Problem() error {
	ways := 0
	for _, given := range []bool{c.ID != "", c.Any(), c.All} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return errors.New("say which grants to end: one by its ID, those of --person or --client, or --all")
	}
	return nil
}

// endRounds bounds how often it is looked for grants that came while others were ended.
const endRounds = 3

// EndGrants ends grants for all replicas at once, and says of each that it did. What cannot be
// ended, or may be meant and cannot be read, makes it fail.
func EndGrants(ctx context.Context, o GrantsOptions, c GrantsToEnd, s Streams) (err error) {
	grants, closeStore, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	w := &ending{grants: grants, json: o.JSON, out: s}
	if c.ID != "" {
		e, err := grants.Entry(ctx, c.ID)
		if errors.Is(err, grant.ErrNoGrant) && grant.IsID(c.ID) {
			// The store may have lost it, and then its access tokens are taken until they expire: a
			// mark ends them.
			e, err = grant.Entry{Grant: grant.Grant{ID: c.ID}}, nil
		}
		if err != nil {
			return err
		}
		return w.end(ctx, &e) // also if it was ended before: then its mark lives longer
	}
	var sealed int
	for range endRounds {
		var found []grant.Entry
		if found, sealed, err = c.meant(ctx, grants); err != nil {
			return fmt.Errorf("%s ended, and it is not known whether there are more: %w", counted(w.n), err)
		}
		for i := range found {
			if err := w.end(ctx, &found[i]); err != nil {
				return fmt.Errorf("%s ended, and %d or more were not: %w", counted(w.n), len(found)-i, err)
			}
		}
		if len(found) == 0 {
			break
		}
	}
	if err := unreadable(sealed); err != nil {
		return fmt.Errorf("%s ended; %w", counted(w.n), err)
	}
	if w.n == 0 && !c.All {
		return errors.New("no grant was ended: none that was not ended before is of that person or client")
	}
	return nil
}

// meant are the grants that are to be ended and are not yet, and how many of the others cannot be
// read.
func (c GrantsToEnd) meant(ctx context.Context, grants *grant.Grants) (found []grant.Entry, sealed int, err error) {
	for e, err := range grants.Entries(ctx, "") {
		switch {
		case err != nil:
			return nil, 0, err
		case e.State == grant.Ended:
		case c.All || e.State != grant.Unreadable && c.fit(&e):
			found = append(found, e)
		case e.State == grant.Unreadable:
			sealed++
		}
	}
	return found, sealed, nil
}

// ending ends grants and tells of each.
type ending struct {
	grants *grant.Grants
	json   bool
	out    Streams
	n      int
}

func (w *ending) end(ctx context.Context, e *grant.Entry) error {
	if err := w.grants.Revoke(ctx, e.ID); err != nil {
		return fmt.Errorf("grant %s was not ended: %w", e.ID, err)
	}
	w.n++
	if w.json {
		ended := *e
		ended.State = grant.Ended
		writer := newGrantWriter(w.out.Out, true)
		writer.write(&ended)
		return writer.flush()
	}
	fmt.Fprintf(w.out.Out, "ended %s (%s, %s)\n", e.ID[:min(len(e.ID), ShownKey)], printable(e.Email), printable(e.ClientName))
	return nil
}

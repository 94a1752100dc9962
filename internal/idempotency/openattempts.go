package idempotency

import (
	"context"
	"slices"
	"time"
)

// openAttempt is an attempt whose outcome is open: it is under way, or had no answer. It is noted
// for the whole deployment, whoever's it is: in Clerk Chat two tenants may see each other's
// messages, and nobody here knows which do.
type openAttempt struct {
	// Attempt is "" for several that are not told apart any more.
	Attempt string `json:"a,omitempty"`
	// Unknown is always true: replicas of the version before this one wait for attempts of which it
	// is not.
	Unknown bool      `json:"u,omitempty"`
	Since   time.Time `json:"s"`
}

const (
	// fingerprintMargin has claims and lists outlast every key.
	fingerprintMargin = time.Hour
	// openLife: open attempts are dropped after a week even if the fingerprint stays busy. Measured
	// by local clocks, hence the wide margin.
	openLife = 7 * 24 * time.Hour
	// maxOpen is how many attempts are told apart.
	maxOpen = 50
)

func (m *Guard) fingerprintLife() time.Duration { return m.opts.KeyLife + fingerprintMargin }

// list is the open attempts of a fingerprint, as in the store.
type list struct {
	name  string
	raw   []byte
	found bool
	all   []openAttempt
}

// readList reads a list. What cannot be read may be anything, so it counts as an open attempt of
// somebody's.
func (m *Guard) readList(ctx context.Context, name string) (*list, error) {
	l := &list{name: name}
	var err error
	if l.raw, l.found, err = m.opts.Fingerprints.Get(ctx, name); err != nil {
		return nil, err
	}
	if l.found && m.unseal(name, l.raw, &l.all) != nil {
		l.all = []openAttempt{{Unknown: true, Since: m.opts.Now()}}
	}
	return l, nil
}

// writeList is compare-and-set.
func (m *Guard) writeList(ctx context.Context, l *list, all []openAttempt) (written bool, err error) {
	raw, ttl := m.seal(l.name, all), m.fingerprintLife()
	if len(all) == 0 {
		ttl = time.Millisecond // that is, none
	}
	if l.found {
		written, err = m.opts.Fingerprints.CompareAndSwap(ctx, l.name, l.raw, raw, ttl)
	} else {
		written, err = m.opts.Fingerprints.SetNX(ctx, l.name, raw, ttl)
	}
	if written && err == nil {
		l.raw, l.found, l.all = raw, true, all
	}
	return written, err
}

// noteOpen notes that an attempt's outcome is open. It comes before the commit: an attempt that is
// noted and never made can leave others undecided, but the message of one that was made and not
// noted could be taken for another's.
func (c *call) noteOpen(ctx context.Context, attempt string) (*list, error) {
	l := &list{name: c.fingerprintNames(c.operation)[0]} // most are the only ones of their fingerprint: write before reading
	for {
		all := append(c.remaining(l.all, attempt), openAttempt{Attempt: attempt, Unknown: true, Since: c.opts.Now()})
		written, err := c.writeList(ctx, l, all)
		switch {
		case err != nil:
			return nil, err
		case written:
			return l, nil
		}
		if l, err = c.readList(ctx, l.name); err != nil {
			return nil, err
		}
	}
}

// remaining are the attempts of a list without one, and bounded: of those that are too many, it is
// remembered that there were such, which leaves others undecided.
func (m *Guard) remaining(all []openAttempt, without string) []openAttempt {
	now := m.opts.Now()
	all = slices.DeleteFunc(slices.Clone(all), func(o openAttempt) bool {
		return o.Attempt == without || now.Sub(o.Since) > openLife
	})
	if len(all) < maxOpen {
		return all
	}
	many := openAttempt{Unknown: true, Since: now}
	return append([]openAttempt{many}, all[len(all)-maxOpen/2:]...)
}

// keepOpen has an attempt that had no answer noted as open. One that was noted before its commit
// still is, unless somebody has found out meanwhile what it made; one that was made while the store
// was away has not been noted yet.
func (c *call) keepOpen(ctx context.Context, e *entry) error {
	if e.open != nil {
		return nil
	}
	_, err := c.noteOpen(ctx, e.Attempt)
	return err
}

// closeOpen says that nothing of an attempt is open any more. known is the list as the attempt was
// noted in it, if that is known.
func (c *call) closeOpen(ctx context.Context, attempt string, known *list) error {
	is := func(o openAttempt) bool { return o.Attempt == attempt }
	if known != nil { // perhaps nobody has come or gone since
		l := *known
		closed, err := c.writeList(ctx, &l, slices.DeleteFunc(slices.Clone(l.all), is))
		if closed || err != nil {
			return err
		}
	}
	for _, name := range c.fingerprintNames(c.operation) {
		for closed := false; !closed; {
			l, err := c.readList(ctx, name)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(l.all, is) {
				break
			}
			if closed, err = c.writeList(ctx, l, slices.DeleteFunc(slices.Clone(l.all), is)); err != nil {
				return err
			}
		}
	}
	return nil
}

// others tells whether another attempt of this fingerprint is open, whoever's.
func (c *call) others(ctx context.Context, attempt string) (bool, error) {
	for _, name := range c.fingerprintNames(c.operation) {
		l, err := c.readList(ctx, name)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(l.all, func(o openAttempt) bool { return o.Attempt != attempt }) {
			return true, nil
		}
	}
	return false, nil
}

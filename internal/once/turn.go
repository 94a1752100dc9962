package once

import (
	"context"
	"slices"
	"time"
)

// standing is an attempt of a likeness whose outcome is open: it is under way, or had no answer.
type standing struct {
	// Attempt is "" for several that are not told apart any more, all of them without an answer.
	Attempt string    `json:"a,omitempty"`
	Replica string    `json:"r,omitempty"`
	Unknown bool      `json:"u,omitempty"`
	Since   time.Time `json:"s"`
}

const (
	// likenessMargin has claims and lists outlast every key.
	likenessMargin = time.Hour
	// standingLife is when an attempt without an answer is forgotten though its list is still in use. It goes by the clocks,
	// so it is much longer than those may be wrong.
	standingLife = 7 * 24 * time.Hour
	// maxStanding is how many attempts are told apart.
	maxStanding = 50
)

func (m *Memory) likenessLife() time.Duration { return m.opts.KeyLife + likenessMargin }

// list is a likeness's attempts, as in the store.
type list struct {
	name  string
	raw   []byte
	found bool
	all   []standing
}

// readLists reads the lists of a likeness, that of the secret in use first. What cannot be read may be anything.
func (c *call) readLists(ctx context.Context) ([]*list, error) {
	var lists []*list
	for _, name := range c.likenessNames(c.work) {
		l := &list{name: name}
		var err error
		if l.raw, l.found, err = c.opts.Likenesses.Get(ctx, name); err != nil {
			return nil, err
		}
		if l.found && c.unseal(name, l.raw, &l.all) != nil {
			l.all = []standing{{Unknown: true, Since: c.opts.Now()}}
		}
		lists = append(lists, l)
	}
	return lists, nil
}

// writeList is compare-and-set.
func (m *Memory) writeList(ctx context.Context, l *list, all []standing) (written bool, err error) {
	raw, ttl := m.seal(l.name, all), m.likenessLife()
	if len(all) == 0 {
		ttl = time.Millisecond // that is, none
	}
	if l.found {
		written, err = m.opts.Likenesses.Replace(ctx, l.name, l.raw, raw, ttl)
	} else {
		written, err = m.opts.Likenesses.Add(ctx, l.name, raw, ttl)
	}
	if written && err == nil {
		l.raw, l.found, l.all = raw, true, all
	}
	return written, err
}

// takeTurn waits until no other work of this likeness is under way, and then stands for this one.
func (c *call) takeTurn(ctx context.Context, e *entry) error {
	names := c.likenessNames(c.work)
	wait := newPatience(c.opts.TurnPatience, maxPause)
	for look := len(names) > 1; ; look = true {
		lists := []*list{{name: names[0]}} // most are the only ones of their likeness: try before looking
		if look {
			var err error
			if lists, err = c.readLists(ctx); err != nil {
				return err
			}
		}
		if !c.isBusy(ctx, lists, e) {
			mine := standing{Attempt: e.Attempt, Replica: c.replica, Since: c.opts.Now()}
			switch written, err := c.writeList(ctx, lists[0], append(c.remaining(lists[0].all, e.Attempt), mine)); {
			case err != nil:
				return err
			case written:
				e.turn = lists[0]
				return nil
			}
		}
		if look && !wait.next(ctx) {
			return errNoTurn
		}
	}
}

// isBusy tells whether another work of the likeness is under way.
func (c *call) isBusy(ctx context.Context, lists []*list, e *entry) bool {
	for _, l := range lists {
		for _, s := range l.all {
			if !s.Unknown && s.Attempt != e.Attempt && c.alive(ctx, s.Attempt, s.Replica, s.Since) {
				return true
			}
		}
	}
	return false
}

// remaining are the attempts of a list without one, and bounded: of those that are too many, it is remembered that there
// were such. None of them is under way.
func (m *Memory) remaining(all []standing, without string) []standing {
	now := m.opts.Now()
	all = slices.DeleteFunc(slices.Clone(all), func(s standing) bool {
		return s.Attempt == without || now.Sub(s.Since) > standingLife
	})
	if len(all) < maxStanding {
		return all
	}
	many := standing{Unknown: true, Since: now}
	return append([]standing{many}, all[len(all)-maxStanding/2:]...)
}

// open is how an attempt stands that had no answer: it may never have stood before, if the store was away.
func (e *entry) open() stance {
	if e.turn == nil {
		return lateUnknown
	}
	return noAnswer
}

// stance is how an attempt stands among those of its likeness.
type stance int

const (
	gone        stance = iota // nothing of it is open
	noAnswer                  // it had none; if it is not there, somebody has found out meanwhile
	lateUnknown               // it had none, and has not stood yet
)

// stand changes what stands for an attempt.
func (c *call) stand(ctx context.Context, attempt string, how stance) error {
	if c.work.Likeness == [32]byte{} {
		return nil
	}
	for {
		lists, err := c.readLists(ctx)
		if err != nil {
			return err
		}
		is := func(s standing) bool { return s.Attempt == attempt }
		there := slices.ContainsFunc(lists, func(l *list) bool { return slices.ContainsFunc(l.all, is) })
		written := true
		for i, l := range lists {
			at := slices.IndexFunc(l.all, is)
			all := slices.DeleteFunc(slices.Clone(l.all), is)
			switch {
			case at >= 0 && how == gone:
			case at >= 0 && !l.all[at].Unknown, i == 0 && !there && how == lateUnknown:
				all = append(all, standing{Attempt: attempt, Replica: c.replica, Unknown: true, Since: c.opts.Now()})
			default:
				continue
			}
			ok, err := c.writeList(ctx, l, all)
			if err != nil {
				return err
			}
			written = written && ok
		}
		if written {
			return nil
		}
	}
}

// leave says that nothing of an attempt is open any more.
func (c *call) leave(ctx context.Context, e *entry) error {
	if e.turn != nil { // perhaps nobody has come or gone since
		l := *e.turn
		rest := slices.DeleteFunc(slices.Clone(l.all), func(s standing) bool { return s.Attempt == e.Attempt })
		if left, err := c.writeList(ctx, &l, rest); left || err != nil {
			return err
		}
	}
	return c.stand(ctx, e.Attempt, gone)
}

// others tells whether another attempt of this likeness is open.
func (c *call) others(ctx context.Context, attempt string) (bool, error) {
	lists, err := c.readLists(ctx)
	for _, l := range lists {
		if slices.ContainsFunc(l.all, func(s standing) bool { return s.Attempt != attempt }) {
			return true, nil
		}
	}
	return false, err
}

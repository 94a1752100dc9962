package once

import (
	"context"
	"slices"
	"time"
)

// standing is an attempt of a likeness whose outcome is open: it is under way, or had no answer.
type standing struct {
	Attempt string    `json:"a"`
	Replica string    `json:"r"`
	Unknown bool      `json:"u,omitempty"`
	Since   time.Time `json:"s"`
}

// likenessLife outlasts every key, and maxStanding what a list can hold before it is of no use: both only on the safe side.
const (
	likenessMargin = time.Hour
	maxStanding    = 100
)

func (m *Memory) likenessLife() time.Duration { return m.opts.KeyLife + likenessMargin }

// list is a likeness's attempts, as in the store.
type list struct {
	name  string
	raw   []byte
	found bool
	all   []standing
}

func (m *Memory) readList(ctx context.Context, name string) (*list, error) {
	l := &list{name: name}
	var err error
	l.raw, l.found, err = m.opts.Likenesses.Get(ctx, name)
	if err != nil || !l.found {
		return l, err
	}
	return l, m.unseal(name, l.raw, &l.all)
}

// writeList is compare-and-set.
func (m *Memory) writeList(ctx context.Context, l *list, all []standing) (bool, error) {
	raw, ttl := m.seal(l.name, all), m.likenessLife()
	if len(all) == 0 {
		ttl = time.Second
	}
	if !l.found {
		return m.opts.Likenesses.Add(ctx, l.name, raw, ttl)
	}
	return m.opts.Likenesses.Replace(ctx, l.name, l.raw, raw, ttl)
}

// takeTurn waits until no other work of this likeness is under way, and then stands for this one.
func (c *call) takeTurn(ctx context.Context, e *entry) error {
	name := c.likenessNames(c.work)[0]
	wait := newPatience(c.opts.TurnPatience)
	for {
		l, err := c.readList(ctx, name)
		if err != nil {
			return err
		}
		busy := len(l.all) >= maxStanding
		for _, s := range l.all {
			busy = busy || !s.Unknown && s.Attempt != e.Attempt && c.alive(ctx, s.Attempt, s.Replica, s.Since)
		}
		if !busy {
			all := append(without(l.all, e.Attempt), standing{Attempt: e.Attempt, Replica: c.replica, Since: c.opts.Now()})
			switch ok, err := c.writeList(ctx, l, all); {
			case err != nil:
				return err
			case ok:
				return nil
			}
		}
		if !wait.next(ctx) {
			if err := ctx.Err(); err != nil {
				return err
			}
			return errNoTurn
		}
	}
}

// stand changes what stands for an attempt: that it had no answer, or nothing any more.
func (c *call) stand(ctx context.Context, attempt string, unknown bool) error {
	if c.work.Likeness == [32]byte{} {
		return nil
	}
	for {
		l, err := c.readList(ctx, c.likenessNames(c.work)[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(l.all, func(s standing) bool { return s.Attempt == attempt })
		switch {
		case i < 0 && !unknown, i >= 0 && unknown && l.all[i].Unknown:
			return nil
		}
		all := without(l.all, attempt)
		if unknown {
			all = append(all, standing{Attempt: attempt, Replica: c.replica, Unknown: true, Since: c.opts.Now()})
		}
		if ok, err := c.writeList(ctx, l, all); ok || err != nil {
			return err
		}
	}
}

// leave says that nothing of an attempt is open any more.
func (c *call) leave(ctx context.Context, e *entry) error { return c.stand(ctx, e.Attempt, false) }

// others tells whether another attempt of this likeness is open, or was when its list could not be read.
func (c *call) others(ctx context.Context, attempt string) (bool, error) {
	for _, name := range c.likenessNames(c.work) {
		l, err := c.readList(ctx, name)
		if err != nil {
			return true, err
		}
		if len(without(l.all, attempt)) > 0 {
			return true, nil
		}
	}
	return false, nil
}

func without(all []standing, attempt string) []standing {
	return slices.DeleteFunc(slices.Clone(all), func(s standing) bool { return s.Attempt == attempt })
}

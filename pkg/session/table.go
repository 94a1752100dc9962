package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Options make a Table.
type Options struct {
	// Sealer seals ids. It must be bound to a purpose of its own.
	Sealer Sealer
	// Records keeps what changes.
	Records Records
	// Digest marks in records whose they are, for operators to tell people's sessions apart.
	// Without it they are not marked.
	Digest Digester
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// MaxAge is the longest life of a session; 30 days if zero.
	MaxAge time.Duration
	// Idle is how long the store keeps the record of an unused session; 7 days if zero. The session
	// outlives it.
	Idle time.Duration
	// Budget is the longest that a call may take for the store altogether, for Records that do not
	// return soon by themselves. Without it there is none: Records may make a call wait its turn
	// behind others, and that is not an outage.
	Budget time.Duration
	// OnRecovered is called when a lost record was written again, OnUnavailable when a session was
	// served or begun without the store. They count; nil is allowed.
	OnRecovered, OnUnavailable func()
}

// touchAfter is how old the last use must be to be written again. It keeps all but one call a
// minute to one read.
const touchAfter = time.Minute

// Table is the table of sessions of all replicas. It may be used by many goroutines at once.
type Table struct {
	opts Options
	// ended has the keys of sessions that this process knows to have ended, for while the store is
	// away and cannot say so. Of too many the first that ended are forgotten: while the store is
	// away such a session goes on from its id alone, like any other.
	ended *lru.Cache[string, struct{}]
}

// maxEnded bounds what is known of sessions that have ended, which is two MiB then.
const maxEnded = 20_000

func newEnded() *lru.Cache[string, struct{}] {
	ended, _ := lru.New[string, struct{}](maxEnded) // only sizes below 1 are an error
	return ended
}

// NewTable checks the options and reports all that is wrong at once.
func NewTable(opts Options) (*Table, error) {
	var problems []error
	if opts.Sealer == nil {
		problems = append(problems, errors.New("session: Options.Sealer is missing"))
	}
	if opts.Records == nil {
		problems = append(problems, errors.New("session: Options.Records is missing"))
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		least    time.Duration
		fallback time.Duration
	}{
		{"MaxAge", &opts.MaxAge, time.Minute, 30 * 24 * time.Hour},
		{"Idle", &opts.Idle, 2 * touchAfter, 7 * 24 * time.Hour},
		{"Budget", &opts.Budget, 0, 0},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
		if *d.value < d.least {
			problems = append(problems, fmt.Errorf("session: Options.%s is %v; give at least %v", d.name, *d.value, d.least))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OnRecovered == nil {
		opts.OnRecovered = func() {}
	}
	if opts.OnUnavailable == nil {
		opts.OnUnavailable = func() {}
	}
	return &Table{opts: opts, ended: newEnded()}, nil
}

// budget bounds a call.
func (t *Table) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.opts.Budget == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, t.opts.Budget)
}

// Create begins a session. If the store cannot take its record, the session begins without one
// (Unstored). The only error is a protocol version of more than 32 bytes.
func (t *Table) Create(ctx context.Context, info Info) (*Session, error) {
	if len(info.Version) > maxVersion {
		return nil, fmt.Errorf("session: the protocol version has %d bytes, at most %d fit", len(info.Version), maxVersion)
	}
	i := newIdentity(info, t.opts.Now())
	s := i.session(i.seal(t.opts.Sealer), info.Subject)
	ctx, cancel := t.budget(ctx)
	defer cancel()
	if _, err := t.opts.Records.SetNX(ctx, s.key, t.fresh(s).encode(), t.ttl(s.Born)); err != nil {
		t.unstored(s)
	}
	return s, nil
}

// Resume gives the session of an id if it is the subject's and lives, else ErrNotFound, which is
// its only error. It reads the record once; one call a minute writes it as well. A record that is
// gone is written again (Recovered), unless the session was ended meanwhile. While the store cannot
// be asked, the id alone is the session (Unstored), unless this process knows that it was ended.
func (t *Table) Resume(ctx context.Context, id, subject string) (*Session, error) {
	s, err := t.open(id, subject)
	if err != nil {
		return nil, err
	}
	ctx, cancel := t.budget(ctx)
	defer cancel()
	// A second round is for a record that somebody else wrote between our looking and our writing.
	for range 2 {
		value, found, err := t.opts.Records.Get(ctx, s.key)
		switch {
		case err != nil:
			return t.fromID(s)
		case found:
			return t.adopt(ctx, s, value)
		}
		rec := t.fresh(s)
		added, err := t.opts.Records.SetNX(ctx, s.key, rec.encode(), t.ttl(s.Born))
		switch {
		case err != nil:
			return t.fromID(s)
		case added:
			t.ended.Remove(s.key)
			s.Recovered, s.LastUsed = true, rec.lastUsed
			t.opts.OnRecovered()
			return s, nil
		}
	}
	return t.unstored(s), nil
}

// adopt completes a session with its record and keeps the record alive.
func (t *Table) adopt(ctx context.Context, s *Session, value []byte) (*Session, error) {
	if isEnded(value) {
		t.ended.Add(s.key, struct{}{})
		return nil, ErrNotFound
	}
	rec, ok := decodeRecord(value)
	if !ok {
		// A later release wrote it, or somebody else did: it is left alone.
		return t.unstored(s), nil
	}
	s.LastUsed = rec.lastUsed
	if now := t.opts.Now(); now.Sub(rec.lastUsed) >= touchAfter {
		rec.lastUsed = now
		// If it is not replaced, another replica has touched or ended it since: both stay. If the
		// store takes no writes, the session was read all the same.
		if _, err := t.opts.Records.CompareAndSwap(ctx, s.key, value, rec.encode(), t.ttl(s.Born)); err != nil {
			t.opts.OnUnavailable()
		}
	}
	return s, nil
}

// open gives the session that an id says, if it is the subject's and not too old.
func (t *Table) open(id, subject string) (*Session, error) {
	i, err := openID(t.opts.Sealer, id)
	if err != nil || !i.belongsTo(subject) || t.left(i.born) <= 0 {
		return nil, ErrNotFound
	}
	return i.session(id, subject), nil
}

// left is how long a session that began then may live on. Clocks of replicas differ, so a birth in
// the future is now.
func (t *Table) left(born time.Time) time.Duration {
	return t.opts.MaxAge - max(0, t.opts.Now().Sub(born))
}

// ttl is how long the record of a live session is kept from now on: never longer than the session.
func (t *Table) ttl(born time.Time) time.Duration {
	return max(time.Second, min(t.opts.Idle, t.left(born)))
}

func (t *Table) fresh(s *Session) *record {
	rec := &record{
		born: s.Born, lastUsed: t.opts.Now(),
		version: s.Version, name: s.ClientName, release: s.ClientVersion,
	}
	if t.opts.Digest != nil && s.Subject != "" {
		copy(rec.hint[:], t.opts.Digest.Digest([]byte(s.Subject)))
	}
	return rec
}

// fromID gives a session whose store cannot be asked.
func (t *Table) fromID(s *Session) (*Session, error) {
	if t.ended.Contains(s.key) {
		return nil, ErrNotFound
	}
	return t.unstored(s), nil
}

func (t *Table) unstored(s *Session) *Session {
	s.Unstored = true
	t.opts.OnUnavailable()
	return s
}

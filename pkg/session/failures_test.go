package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// failing is a grant, a session and what they need, in a store of which an operation fails.
type failing struct {
	*memStore
	grants  *session.Grants
	table   *session.Table
	session *session.Session
	id      string // of the grant
}

func newFailing(t *testing.T) *failing {
	t.Helper()
	f := &failing{memStore: newMemStore()}
	f.grants = spelledGrants(t, session.GrantOptions{Records: f, Upstream: newPart(f), Assertions: f, Now: atNoon})
	f.table = spelledTable(t, f, atNoon)
	f.session = create(t, f.table, info)
	turn := f.grants.Direct(asked, time.Time{})
	turn.Carry([]byte("tokens"))
	if _, err := turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.id = turn.Grant.ID
	return f
}

// part gives names of their own to what belongs to the provider.
type part struct{ session.Records }

func newPart(r session.Records) session.Records { return part{r} }

func (p part) Get(ctx context.Context, name string) ([]byte, bool, error) {
	return p.Records.Get(ctx, "up-"+name)
}

func (p part) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	return p.Records.SetNX(ctx, "up-"+name, value, ttl)
}

func (p part) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	return p.Records.CompareAndSwap(ctx, "up-"+name, old, value, ttl)
}

func TestEveryOperationThatFailsIsToldAsUnavailable(t *testing.T) {
	one := session.Assertion{ClientID: "c", ID: "jti", Request: "one"}
	for name, tc := range map[string]struct {
		ops int // of the store that must not fail
		run func(ctx context.Context, f *failing) error
	}{
		"load": {1, func(ctx context.Context, f *failing) error {
			_, _, _, err := f.grants.ProviderStates().Load(ctx, f.id)
			return err
		}},
		"save": {2, func(ctx context.Context, f *failing) error {
			_, err := f.grants.ProviderStates().Save(ctx, f.id, 1, []byte("new"))
			return err
		}},
		"lease": {1, func(ctx context.Context, f *failing) error {
			_, _, err := f.grants.ProviderStates().Lease(ctx, f.id, time.Minute)
			return err
		}},
		"pause": {1, func(ctx context.Context, f *failing) error {
			return f.grants.ProviderStates().Pause(ctx, f.id, time.Minute)
		}},
		"paused": {1, func(ctx context.Context, f *failing) error {
			_, err := f.grants.ProviderStates().Paused(ctx, f.id)
			return err
		}},
		"begin": {2, func(ctx context.Context, f *failing) error {
			_, err := f.grants.Begin(ctx, asked, bound(), []byte("tokens"))
			return err
		}},
		"a direct grant": {2, func(ctx context.Context, f *failing) error {
			turn := f.grants.Direct(asked, time.Time{})
			turn.Carry([]byte("tokens"))
			_, err := turn.Commit(ctx)
			return err
		}},
		"an assertion of another": {2, func(ctx context.Context, f *failing) error {
			f.set(assertionName, []byte("another"), time.Hour)
			err := f.grants.UseAssertion(ctx, one, time.Minute)
			if errors.Is(err, session.ErrAssertionUsed) {
				return nil
			}
			return err
		}},
		"set the log level": {2, func(ctx context.Context, f *failing) error {
			return f.table.SetLogLevel(ctx, f.session, "error")
		}},
		"end": {1, func(ctx context.Context, f *failing) error { return f.table.End(ctx, f.session.ID, info.Subject) }},
		"end by the key": {2, func(ctx context.Context, f *failing) error {
			_, err := f.table.EndKey(ctx, f.session.Key())
			return err
		}},
		"end by a part of the key": {2, func(ctx context.Context, f *failing) error {
			_, err := f.table.EndKey(ctx, f.session.Key()[:8])
			return err
		}},
		"a claim of another": {2, func(ctx context.Context, f *failing) error {
			f.set("D87Ncc9LLHVUz3sYsQ95ug", []byte("cother"), time.Hour)
			a, err := session.NewAuthRequests(f, spelled{}, time.Minute)
			if err == nil {
				if _, err = a.Claim(ctx, "handle"); errors.Is(err, session.ErrClaimed) {
					return nil
				}
			}
			return err
		}},
		"remember": {1, func(ctx context.Context, f *failing) error {
			return session.NewConsents(f, spelled{}).Remember(ctx, "ann", "c", "https://r", nil)
		}},
		"finish": {2, func(ctx context.Context, f *failing) error {
			a, err := session.NewAuthRequests(f, spelled{}, time.Minute)
			if err != nil {
				return err
			}
			f.set("D7OiNnJgiV-xourCJlsVPA", []byte("<authorization request\x00D7OiNnJgiV-xourCJlsVPA>{}"), time.Hour)
			_, finish, err := a.Open(ctx, "handle")
			if err == nil {
				err = finish(ctx)
			}
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; n <= tc.ops; n++ {
				for _, after := range []bool{false, true} {
					f := newFailing(t)
					f.op, f.fails, f.after = 0, n, after
					err := tc.run(t.Context(), f)
					if n == 0 {
						wantErr(t, "without a fault", err, nil)
					} else if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errLost) {
						t.Errorf("operation %d, after its effect %v: %v", n, after, err)
					}
				}
			}
		})
	}
}

const assertionName = "9s-E_6xQKQkcBZYoLiLKdQ" // of c and jti

// scripted gives what a test says, whatever is there.
type scripted struct {
	*memStore
	added bool
	value []byte
	found bool
}

func (s *scripted) SetNX(context.Context, string, []byte, time.Duration) (bool, error) {
	s.op++
	return s.added, nil
}

func (s *scripted) Get(context.Context, string) ([]byte, bool, error) {
	s.op++
	return s.value, s.found, nil
}

// Something takes a name and is gone by the time that it is read.
func TestWhatIsGoneBetweenTwoOperationsIsNeitherOursNorUsed(t *testing.T) {
	for name, s := range map[string]*scripted{
		"gone": {memStore: newMemStore()}, "emptied": {memStore: newMemStore(), value: []byte{}, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := spelledGrants(t, session.GrantOptions{Records: s, Upstream: s, Assertions: s, Now: atNoon})
			err := g.UseAssertion(t.Context(), session.Assertion{ClientID: "c", ID: "jti", Request: "one"}, time.Minute)
			wantErr(t, "an assertion", err, session.ErrUnavailable)
			_, err = claims(t, s).Claim(t.Context(), "handle")
			wantErr(t, "a handle", err, session.ErrClaimed)
			_, err = g.Direct(asked, time.Time{}).Commit(t.Context())
			wantErr(t, "the id of a direct grant", err, session.ErrUnavailable)
			_, err = g.Begin(t.Context(), asked, bound(), nil)
			wantErr(t, "the id of a grant", err, session.ErrNoGrant)
			if found, err := g.ProviderStates().Save(t.Context(), "g", 1, nil); found || err != nil {
				t.Errorf("the provider's part: %v %v", found, err)
			}
		})
	}
}

func TestSessionWhoseRecordComesAndGoesIsServedAfterTwoRounds(t *testing.T) {
	s := &scripted{memStore: newMemStore()}
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	s.op = 0
	if got := resume(t, table, live); !got.Unstored || s.op != 4 {
		t.Errorf("%+v after %d operations", got, s.op)
	}
}

func TestRevokingLeavesTheProvidersPartAloneIfThereIsNone(t *testing.T) {
	f := newFailing(t)
	grants := spelledGrants(t, session.GrantOptions{Records: f, Upstream: newMemStore(), Now: atNoon})
	before := len(f.wrote)
	if err := grants.Revoke(t.Context(), f.id); err != nil || len(f.wrote) != before+1 {
		t.Errorf("%v, %d writes", err, len(f.wrote)-before)
	}
	if _, _, found, err := f.grants.ProviderStates().Load(t.Context(), f.id); !found || err != nil {
		t.Errorf("another store's: %v %v", found, err)
	}
	up := newMemStore()
	none := spelledGrants(t, session.GrantOptions{Records: f, Upstream: up, Now: atNoon})
	if err := none.Revoke(t.Context(), f.id); err != nil || len(up.wrote) != 0 || up.op != 1 {
		t.Errorf("%v, %d writes of %d operations", err, len(up.wrote), up.op)
	}
}

// Go cannot write such a time as JSON.
func TestGrantThatCannotBeWrittenIsRefused(t *testing.T) {
	s := newMemStore()
	g := spelledGrants(t, session.GrantOptions{Records: s, Upstream: s, Now: func() time.Time { return noon.AddDate(9000, 0, 0) }})
	if code, err := g.Begin(t.Context(), asked, bound(), nil); err == nil || code != "" {
		t.Errorf("begun: %q", code)
	}
	if _, err := g.Direct(asked, time.Time{}).Commit(t.Context()); err == nil {
		t.Error("a direct grant is committed")
	}
	if len(s.values) != 0 {
		t.Errorf("%d records", len(s.values))
	}
}

func TestUnconfirmedErrorSaysItsCause(t *testing.T) {
	f := newFailing(t)
	f.fails = f.op + 1
	_, err := f.grants.Lookup(t.Context(), f.id)
	if want := "session store unavailable: the reply was lost"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

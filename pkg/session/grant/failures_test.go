package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// failing is a grant and what it needs, in a store of which an operation fails.
type failing struct {
	*sessiontest.Memory
	grants *grant.Grants
	id     string // of the grant
}

func newFailing(t *testing.T) *failing {
	t.Helper()
	f := &failing{Memory: sessiontest.NewMemory()}
	f.grants = spelledGrants(t, grant.Options{Records: f, Upstream: f.Part("up-"), Assertions: f, Now: atNoon})
	turn := f.grants.Direct(asked, time.Time{})
	turn.Carry([]byte("tokens"))
	if _, err := turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.id = turn.Grant.ID
	return f
}

func TestFailedOperationsAreToldAsUnavailable(t *testing.T) {
	one := grant.Assertion{ClientID: "c", ID: "jti", Request: "one"}
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
			f.Put(assertionName, "another", time.Hour)
			err := f.grants.UseAssertion(ctx, one, time.Minute)
			if errors.Is(err, grant.ErrAssertionUsed) {
				return nil
			}
			return err
		}},
		"a claim of another": {2, func(ctx context.Context, f *failing) error {
			f.Put("D87Ncc9LLHVUz3sYsQ95ug", "cother", time.Hour)
			a, err := grant.NewAuthRequests(f, sessiontest.Spelled{}, time.Minute)
			if err == nil {
				if _, err = a.Claim(ctx, "handle"); errors.Is(err, grant.ErrClaimed) {
					return nil
				}
			}
			return err
		}},
		"remember": {1, func(ctx context.Context, f *failing) error {
			return grant.NewConsents(f, sessiontest.Spelled{}).Remember(ctx, "ann", "c", "https://r", nil)
		}},
		"finish": {2, func(ctx context.Context, f *failing) error {
			a, err := grant.NewAuthRequests(f, sessiontest.Spelled{}, time.Minute)
			if err != nil {
				return err
			}
			f.Put("D7OiNnJgiV-xourCJlsVPA", "<authorization request\x00D7OiNnJgiV-xourCJlsVPA>{}", time.Hour)
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
					f.FailAt(n, after)
					err := tc.run(t.Context(), f)
					if n == 0 {
						wantErr(t, "without a fault", err, nil)
					} else if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, sessiontest.ErrLost) {
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
	*sessiontest.Memory
	added bool
	value []byte
	found bool
}

func (s *scripted) SetNX(context.Context, string, []byte, time.Duration) (bool, error) {
	_ = s.Do(func() error { return nil })
	return s.added, nil
}

func (s *scripted) Get(context.Context, string) ([]byte, bool, error) {
	_ = s.Do(func() error { return nil })
	return s.value, s.found, nil
}

// Something takes a name and is gone by the time that it is read.
func TestWhatIsGoneBetweenTwoOperationsIsNeitherOursNorUsed(t *testing.T) {
	for name, s := range map[string]*scripted{
		"gone": {Memory: sessiontest.NewMemory()}, "emptied": {Memory: sessiontest.NewMemory(), value: []byte{}, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := spelledGrants(t, grant.Options{Records: s, Upstream: s, Assertions: s, Now: atNoon})
			err := g.UseAssertion(t.Context(), grant.Assertion{ClientID: "c", ID: "jti", Request: "one"}, time.Minute)
			wantErr(t, "an assertion", err, session.ErrUnavailable)
			_, err = claims(t, s).Claim(t.Context(), "handle")
			wantErr(t, "a handle", err, grant.ErrClaimed)
			_, err = g.Direct(asked, time.Time{}).Commit(t.Context())
			wantErr(t, "the id of a direct grant", err, session.ErrUnavailable)
			_, err = g.Begin(t.Context(), asked, bound(), nil)
			wantErr(t, "the id of a grant", err, grant.ErrNoGrant)
			if found, err := g.ProviderStates().Save(t.Context(), "g", 1, nil); found || err != nil {
				t.Errorf("the provider's part: %v %v", found, err)
			}
		})
	}
}

func TestRevokingLeavesTheProvidersPartAloneIfThereIsNone(t *testing.T) {
	f := newFailing(t)
	grants := spelledGrants(t, grant.Options{Records: f, Upstream: sessiontest.NewMemory(), Now: atNoon})
	before := len(f.Writes())
	if err := grants.Revoke(t.Context(), f.id); err != nil || len(f.Writes()) != before+1 {
		t.Errorf("%v, %d writes", err, len(f.Writes())-before)
	}
	if _, _, found, err := f.grants.ProviderStates().Load(t.Context(), f.id); !found || err != nil {
		t.Errorf("another store's: %v %v", found, err)
	}
	up := sessiontest.NewMemory()
	none := spelledGrants(t, grant.Options{Records: f, Upstream: up, Now: atNoon})
	if err := none.Revoke(t.Context(), f.id); err != nil || len(up.Writes()) != 0 || up.Ops() != 1 {
		t.Errorf("%v, %d writes of %d operations", err, len(up.Writes()), up.Ops())
	}
}

// Go cannot write such a time as JSON.
func TestGrantThatCannotBeWrittenIsRefused(t *testing.T) {
	s := sessiontest.NewMemory()
	g := spelledGrants(t, grant.Options{Records: s, Upstream: s, Now: func() time.Time { return noon.AddDate(9000, 0, 0) }})
	if code, err := g.Begin(t.Context(), asked, bound(), nil); err == nil || code != "" {
		t.Errorf("begun: %q", code)
	}
	if _, err := g.Direct(asked, time.Time{}).Commit(t.Context()); err == nil {
		t.Error("a direct grant is committed")
	}
	if len(s.All()) != 0 {
		t.Errorf("%d records", len(s.All()))
	}
}

func TestUnconfirmedErrorSaysItsCause(t *testing.T) {
	f := newFailing(t)
	f.FailAt(1, false)
	_, err := f.grants.Lookup(t.Context(), f.id)
	if want := "session store unavailable: the reply was lost"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

package grant_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func claims(t *testing.T, records session.Records) *grant.AuthRequests {
	t.Helper()
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	a, err := grant.NewAuthRequests(records, ring.Sealer("authorization request"), 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAHandleIsClaimedByOneAndSpentOnce(t *testing.T) {
	store := inProcess(t)
	a, b := claims(t, store.AuthRequests()), claims(t, store.AuthRequests())
	claim, err := a.Claim(t.Context(), "handle")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Claim(t.Context(), "handle")
	wantErr(t, "while it is claimed", err, grant.ErrClaimed)
	if err := claim.Spend(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = b.Claim(t.Context(), "handle")
	wantErr(t, "when it is spent", err, grant.ErrNoAuthRequest)
	if _, err := b.Claim(t.Context(), "another"); err != nil {
		t.Error("another handle:", err)
	}
	if _, err := claims(t, sessiontest.Nowhere{}).Claim(t.Context(), "handle"); !errors.Is(err, session.ErrUnavailable) {
		t.Error("down:", err)
	}
}

func TestManyClaimOneHandleAtOnce(t *testing.T) {
	a := claims(t, inProcess(t).AuthRequests())
	var won atomic.Int32
	done := make(chan struct{})
	for range 16 {
		go func() {
			if claim, err := a.Claim(t.Context(), "handle"); err == nil && claim.Spend(t.Context()) == nil {
				won.Add(1)
			}
			done <- struct{}{}
		}()
	}
	for range 16 {
		<-done
	}
	if won.Load() != 1 {
		t.Errorf("%d have it", won.Load())
	}
}

// Who stalls while it redeems the answer may find that its claim ended, and somebody else has the
// handle.
func TestAClaimThatEndedGivesNothingIfSomebodyElseHasTheHandle(t *testing.T) {
	for name, other := range map[string]func(*testing.T, *grant.AuthRequests){
		"claimed": func(t *testing.T, a *grant.AuthRequests) {
			if _, err := a.Claim(t.Context(), "handle"); err != nil {
				t.Fatal(err)
			}
		},
		"spent": func(t *testing.T, a *grant.AuthRequests) {
			claim, err := a.Claim(t.Context(), "handle")
			if err != nil || claim.Spend(t.Context()) != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := claims(t, sessiontest.NewMemory())
				late, err := a.Claim(t.Context(), "handle")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(grant.ClaimLife)
				other(t, a)
				wantErr(t, "late", late.Spend(t.Context()), grant.ErrNoAuthRequest)
			})
		})
	}
}

func TestAClaimThatEndedOrWasLostIsSpentIfNobodyElseHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := claims(t, sessiontest.NewMemory())
		claim, err := a.Claim(t.Context(), "handle")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(grant.ClaimLife)
		if err := claim.Spend(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = a.Claim(t.Context(), "handle")
		wantErr(t, "afterwards", err, grant.ErrNoAuthRequest)
	})
}

// Whatever operation fails, nobody else gets the handle at the same time, and it is free again or
// spent.
func TestAStoreThatFailsWhileAHandleIsClaimedLosesNothing(t *testing.T) {
	for n := 1; n <= 2; n++ {
		for _, after := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := sessiontest.NewMemory()
				a := claims(t, s)
				s.FailAt(n, after)
				claim, err := a.Claim(t.Context(), "handle")
				if n == 1 {
					wantErr(t, "claim", err, session.ErrUnavailable)
				} else {
					if err != nil {
						t.Fatal(err)
					}
					wantErr(t, "spend", claim.Spend(t.Context()), session.ErrUnavailable)
				}
				took := n == 2 || after // the mark is there
				if _, err = a.Claim(t.Context(), "handle"); took == (err == nil) {
					t.Errorf("operation %d, after its effect %v: at once %v", n, after, err)
				}
				time.Sleep(grant.ClaimLife)
				claim, err = a.Claim(t.Context(), "handle")
				switch {
				case n == 2 && after: // it was spent, and nobody was given anything
					wantErr(t, "spent", err, grant.ErrNoAuthRequest)
				case took && err != nil:
					t.Errorf("operation %d, after its effect %v: later %v", n, after, err)
				case took && claim.Spend(t.Context()) != nil:
					t.Error("the new claim is not good")
				}
			})
		}
	}
}

// A store's client that lost a reply asks again by itself, and is told of its own effect.
func TestAMarkOfOnesOwnIsNotSomebodyElses(t *testing.T) {
	s := sessiontest.NewMemory()
	a := claims(t, &twice{s})
	claim, err := a.Claim(t.Context(), "handle")
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Spend(t.Context()); err != nil {
		t.Error(err)
	}
}

// twice makes each change twice, and gives the second result.
type twice struct{ *sessiontest.Memory }

func (w twice) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	_, _ = w.Memory.SetNX(ctx, name, value, ttl)
	return w.Memory.SetNX(ctx, name, value, ttl)
}

func (w twice) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	_, _ = w.Memory.CompareAndSwap(ctx, name, old, value, ttl)
	return w.Memory.CompareAndSwap(ctx, name, old, value, ttl)
}

func TestAMarkOfANewerReplicaIsNeitherFreeNorSpent(t *testing.T) {
	s := sessiontest.NewMemory()
	a := claims(t, s)
	if _, err := a.Claim(t.Context(), "handle"); err != nil {
		t.Fatal(err)
	}
	for name := range s.All() {
		s.Put(name, "?later", time.Hour)
	}
	_, err := a.Claim(t.Context(), "handle")
	wantErr(t, "unreadable", err, grant.ErrClaimed)
}

func TestAGrantIsThatOfItsClientHoweverItNamesIt(t *testing.T) {
	long := string(make([]byte, 500))
	for name, tc := range map[string]struct {
		stored, asking string
		want           bool
	}{
		"short":              {"warehouse", "warehouse", true},
		"another":            {"warehouse", "warehouse2", false},
		"long, by its ref":   {grant.ClientRef(long), long, true},
		"long, as it was":    {long, long, true},
		"another long one":   {grant.ClientRef(long), long + "x", false},
		"nobody":             {"", "warehouse", false},
		"the ref of the ref": {grant.ClientRef(grant.ClientRef(long)), long, true},
	} {
		if got := (grant.Grant{ClientID: tc.stored}).IssuedTo(tc.asking); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if ref := grant.ClientRef(long); len(ref) > 64 {
		t.Errorf("%d bytes", len(ref))
	}
}

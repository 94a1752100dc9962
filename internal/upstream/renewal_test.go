package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// bubble runs a test with replicas in a time of its own, in which nothing takes time but waiting.
func bubble(t *testing.T, replicas int, test func(t *testing.T, s *signedIn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newBubbleIDP(t).serving(t, replicas)) })
}

// took is how long a call of a replica takes, and what it gives.
func (s *signedIn) took(replica int) (clerkapi.Credential, time.Duration, error) {
	began := time.Now()
	c, err := s.replicas[replica].Credential(s.ctx, s.subject)
	return c, time.Since(began), err
}

// at wants a token of a replica at once.
func (s *signedIn) at(t *testing.T, replica int, token string) {
	t.Helper()
	c, wait, err := s.took(replica)
	if err != nil || c != clerkapi.Bearer(token) || wait != 0 {
		t.Errorf("replica %d: not %s at once: %v, after %s", replica, token, err, wait)
	}
}

// meanwhile has something happen between the provider's decision about a refresh and its answer.
func (s *signedIn) meanwhile(something func()) {
	s.set(func() {
		s.gate = func(grantType string) {
			if grantType == "refresh_token" {
				something()
			}
		}
	})
}

// killed has a replica die of the next answer to a refresh.
func (s *signedIn) killed(replica int) { s.meanwhile(s.hosts[replica].die) }

const life = 300 * time.Second // of the provider's access tokens

func TestCallsGoOnWithTheOldTokenWhileAnotherOneIsHad(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		time.Sleep(life - ahead(life))
		let := make(chan struct{})
		s.meanwhile(func() { <-let })
		for range 20 {
			s.at(t, 0, "access-1")
		}
		synctest.Wait()
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		close(let)
		synctest.Wait()
		s.at(t, 0, "access-2")
	})
}

// Refreshing upstream: at most one in flight per grant while no replica dies or stalls past the
// lease, which is longer than the provider may take.
func TestTheLeaseOutlastsAProviderThatIsSlow(t *testing.T) {
	bubble(t, 3, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		s.meanwhile(func() { time.Sleep(providerTimeout - time.Second) })
		var calls sync.WaitGroup
		for n := range 30 {
			calls.Go(func() {
				if c, _, err := s.took(n % 3); err != nil || c != clerkapi.Bearer("access-2") {
					t.Errorf("not the new token, or an error: %v", err)
				}
			})
		}
		calls.Wait()
		if s.asked(refreshes) != 1 || s.most[refreshes] != 1 {
			t.Errorf("%d refreshes, %d of them at once", s.asked(refreshes), s.most[refreshes])
		}
	})
}

// Refreshing upstream: a holder that stalls past its lease sends nothing, since another one may
// have it.
func TestAHolderThatStalledPastItsLeaseSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBubbleIDP(t).serving(t, 1)
		stalled, err := NewLogin(LoginOptions{Provider: s.provider(t), Store: stalling{s.store}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stalled.Close(context.Background()) }()
		time.Sleep(life)
		if _, err := stalled.Credential(s.ctx, s.subject); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v; want %v", err, ErrUnavailable)
		}
		if n := s.asked(refreshes); n != 0 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// stalling is the store of a process that stops for a while as soon as it has a lease.
type stalling struct{ Store }

func (s stalling) Lease(ctx context.Context, grant string, ttl time.Duration) (func(context.Context), bool, error) {
	release, held, err := s.Store.Lease(ctx, grant, ttl)
	time.Sleep(ttl)
	return release, held, err
}

// Refreshing upstream: the write is compare-and-set on the version, losers adopt.
func TestWhoLosesTheWriteAdoptsWhatWasStored(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		theirs := &state{Subject: s.subject, Access: "theirs", Expires: time.Now().Add(time.Hour)}
		data, err := theirs.encode()
		if err != nil {
			t.Fatal(err)
		}
		s.meanwhile(func() { s.store.set(func() { s.store.data = data; s.store.version++ }) })
		s.gives(t, "theirs")
		s.gives(t, "theirs")
	})
}

// Refreshing upstream: after a dead holder the old token is tried once; refused means a 401
// challenge.
func TestADeadHolderCostsOneSignIn(t *testing.T) {
	bubble(t, 3, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		s.killed(2)
		_, _, _ = s.took(2)
		s.set(func() { s.gate = nil })
		for range 3 {
			s.fails(t, ErrGrantOver)
		}
		if _, wait, err := s.took(1); !errors.Is(err, ErrGrantOver) || wait != 0 {
			t.Errorf("another replica: %v after %s", err, wait)
		}
		if n := s.asked(refreshes); n != 2 {
			t.Errorf("the old token was tried %d times, want once", n-1)
		}
	})
}

func TestADeadHolderOfAProviderThatDoesNotRotateCostsNothing(t *testing.T) {
	bubble(t, 2, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		s.killed(1)
		_, _, _ = s.took(1)
		s.set(func() { s.gate, s.refresh = nil, "refresh-1" })
		s.gives(t, "access-3")
	})
}

// Renewals begin so early that nobody waits for a holder that died.
func TestNobodyWaitsForADeadHolderWhileTheOldTokenIsGood(t *testing.T) {
	bubble(t, 2, func(t *testing.T, s *signedIn) {
		time.Sleep(life - ahead(life))
		s.killed(1)
		s.at(t, 1, "access-1")
		synctest.Wait()
		s.set(func() { s.gate, s.refresh = nil, "refresh-1" }) // it does not rotate
		for range int((ahead(life) - time.Second) / time.Second) {
			time.Sleep(time.Second)
			if c, wait, err := s.took(0); err != nil || c.IsZero() || wait != 0 {
				t.Fatalf("%v after %s", err, wait)
			}
		}
		s.at(t, 0, "access-3")
	})
}

func TestARenewalBeginsBeforeALeaseCouldStandInItsWay(t *testing.T) {
	for _, life := range []time.Duration{2 * time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		if ahead(life) < leaseTime+providerTimeout+time.Second {
			t.Errorf("of %s it begins %s before the end", life, ahead(life))
		}
	}
	for _, life := range []time.Duration{time.Second, time.Minute, time.Hour} {
		if ahead(life) > life/2 {
			t.Errorf("of %s it begins %s before the end", life, ahead(life))
		}
	}
}

func TestATokenThatCannotBeRenewedIsUsedToItsEnd(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		kept, err := decodeState(s.store.data)
		if err != nil {
			t.Fatal(err)
		}
		kept.Refresh = ""
		if s.store.data, err = kept.encode(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(life - time.Second)
		s.at(t, 0, "access-1")
		synctest.Wait()
		s.at(t, 0, "access-1")
		time.Sleep(time.Second)
		s.fails(t, ErrGrantOver)
	})
}

func TestAProviderThatFailedIsNotAskedByEveryCall(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		s.gives(t, "access-1")
		if _, err := s.replicas[0].provider.metadata(s.ctx); err != nil {
			t.Fatal(err)
		}
		for i, moment := range []time.Duration{life - ahead(life), ahead(life)} { // due; over
			time.Sleep(moment)
			s.set(func() { s.status = http.StatusServiceUnavailable })
			for range 50 {
				_, wait, err := s.took(0)
				synctest.Wait()
				if wait != 0 || i == 0 && err != nil || i == 1 && !errors.Is(err, ErrUnavailable) {
					t.Fatalf("%v after %s", err, wait)
				}
			}
			if n := s.asked(refreshes); n != i+1 {
				t.Errorf("%d refreshes, want %d", n, i+1)
			}
		}
		s.set(func() { s.status = 0 })
		time.Sleep(pauseTime)
		s.at(t, 0, "access-2")
	})
}

func TestAReplicaThatStopsWaitsForNobodyElsesRenewal(t *testing.T) {
	bubble(t, 2, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		s.killed(1)
		_, _, _ = s.took(1)
		failed := make(chan error)
		go func() { _, _, err := s.took(0); failed <- err }()
		synctest.Wait()
		began := time.Now()
		if err := s.replicas[0].Close(context.Background()); err != nil || time.Since(began) != 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if err := <-failed; !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v; want %v", err, ErrUnavailable)
		}
		time.Sleep(leaseTime)
		if _, _, err := s.took(0); !errors.Is(err, ErrUnavailable) || s.asked(refreshes) != 1 {
			t.Errorf("after it stopped: %v; want %v and no refresh", err, ErrUnavailable)
		}
	})
}

func TestKeysThatCannotBeHadKeepNoTokenFromTheStore(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		if _, err := s.replicas[0].provider.metadata(s.ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(life)
		end := make(chan struct{})
		defer close(end)
		s.set(func() {
			s.idOnRenew = true
			s.rotate()
			s.gate = func(grantType string) {
				if grantType != "refresh_token" {
					<-end
				}
			}
		})
		if c, wait, err := s.took(0); err != nil || c != clerkapi.Bearer("access-2") || wait > checkTime {
			t.Errorf("not the new token, or an error: %v, after %s", err, wait)
		}
		if s.store.version != 2 {
			t.Error("it is not stored")
		}
	})
}

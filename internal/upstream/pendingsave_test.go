package upstream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// renewedUnsaved has replica 0 renew at a store that takes no writes.
func (s *signedIn) renewedUnsaved(t *testing.T) {
	t.Helper()
	time.Sleep(life)
	s.store.set(func() { s.store.loseSave = true })
	s.at(t, 0, "access-2")
}

func (s *signedIn) writes() int { s.store.mu.Lock(); defer s.store.mu.Unlock(); return s.store.saves }

func TestAStoreThatBlinksLosesNoToken(t *testing.T) {
	bubble(t, 2, func(t *testing.T, s *signedIn) {
		s.renewedUnsaved(t)
		time.Sleep(3 * time.Second)
		s.at(t, 0, "access-2")
		other := make(chan error, 1)
		go func() {
			c, _, err := s.took(1)
			if err == nil && c != clerkapi.Bearer("access-2") {
				err = errors.New("another token")
			}
			other <- err
		}()
		synctest.Wait()
		s.store.set(func() { s.store.loseSave = false })
		if err := <-other; err != nil {
			t.Errorf("the other replica, while this one tries to store: %v", err)
		}
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		if n := s.writes(); n > 15 {
			t.Errorf("%d writes in three seconds", n)
		}
	})
}

func TestAStoreThatIsDownLongerThanALeaseGetsTheTokenWhenItIsBack(t *testing.T) {
	bubble(t, 2, func(t *testing.T, s *signedIn) {
		s.renewedUnsaved(t)
		s.store.set(func() { s.store.down = true })
		time.Sleep(3 * leaseTime)
		s.at(t, 0, "access-2")
		s.store.set(func() { s.store.down, s.store.loseSave = false, false })
		time.Sleep(longestPause)
		s.at(t, 1, "access-2")
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// Refreshing upstream: no refresh starts while Redis is down. What is not stored is not refreshed
// either.
func TestWhatIsNotStoredIsNotRenewedAgain(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		s.renewedUnsaved(t)
		time.Sleep(life)
		if _, _, err := s.took(0); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v; want %v", err, ErrUnavailable)
		}
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		s.store.set(func() { s.store.loseSave = false })
		s.gives(t, "access-3")
	})
}

func TestWhatSomebodyElseStoredTakesThePlaceOfWhatIsNotStored(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		s.renewedUnsaved(t)
		theirs := &state{Subject: s.subject, Access: "theirs", Expires: time.Now().Add(time.Hour)}
		data, err := theirs.encode()
		if err != nil {
			t.Fatal(err)
		}
		s.store.set(func() { s.store.data = data; s.store.version++; s.store.loseSave = false })
		s.at(t, 0, "theirs")
		time.Sleep(longestPause)
		s.at(t, 0, "theirs")
		before := s.writes()
		time.Sleep(time.Minute)
		if n := s.writes(); n != before {
			t.Errorf("%d writes after the store has somebody else's", n-before)
		}
	})
}

func TestWhatIsNotStoredIsNobodyElses(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		s.renewedUnsaved(t)
		if _, err := s.replicas[0].Credential(s.ctx, "somebody else"); !errors.Is(err, ErrGrantOver) {
			t.Errorf("%v; want %v", err, ErrGrantOver)
		}
	})
}

func TestAReplicaThatStopsStoresWhatItHas(t *testing.T) {
	for name, hold := range map[string]func(s *signedIn) (release func()){
		"while the provider answers": func(s *signedIn) func() {
			let := make(chan struct{})
			s.meanwhile(func() { <-let })
			go func() { _, _, _ = s.took(0) }()
			return func() { close(let) }
		},
		"while the store blinks": func(s *signedIn) func() {
			s.store.set(func() { s.store.loseSave = true })
			_, _, _ = s.took(0)
			s.store.set(func() { s.store.loseSave = false })
			return func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 2, func(t *testing.T, s *signedIn) {
				time.Sleep(life)
				release := hold(s)
				synctest.Wait()
				stopped := make(chan error)
				go func() { stopped <- s.replicas[0].Close(context.Background()) }()
				synctest.Wait()
				release()
				if err := <-stopped; err != nil {
					t.Fatal(err)
				}
				s.hosts[0].die()
				s.at(t, 1, "access-2")
			})
		})
	}
}

func TestAReplicaThatCannotStoreStopsInTime(t *testing.T) {
	bubble(t, 1, func(t *testing.T, s *signedIn) {
		time.Sleep(life)
		let := make(chan struct{})
		s.meanwhile(func() { <-let })
		go func() { _, _, _ = s.took(0) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.replicas[0].Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want %v", err, context.DeadlineExceeded)
		}
		close(let)
	})
}

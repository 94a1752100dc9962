package upstream

import (
	"errors"
	"testing"
	"time"
)

// On Monday morning everybody's last yes is too old, and all come at once. Who was not asked about,
// or not answered for yet, must not be signed out for it: that is not the provider's silence.
func TestALoginDoesNotLapseBeforeTheProviderWasAsked(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, s *signedIn) (after func()){
		"no room": func(_ *testing.T, s *signedIn) func() {
			s.noRoom = true
			return func() { s.noRoom = false; time.Sleep(noRoomPause) }
		},
		"a slow provider": func(_ *testing.T, s *signedIn) func() {
			s.meanwhile(func() { time.Sleep(8 * time.Second) })
			return func() { time.Sleep(10 * time.Second) }
		},
		"a lease that somebody else holds": func(t *testing.T, s *signedIn) func() {
			release, held, err := s.store.Lease(s.ctx, "g", leaseTime)
			if err != nil || !held {
				t.Fatal(held, err)
			}
			return func() { release(s.ctx); time.Sleep(pauseTime) }
		},
	} {
		for rules, unfit := range map[string]bool{"too old": false, "rules that no longer admit": true} {
			t.Run(name+"/"+rules, func(t *testing.T) {
				env(t, 1, nil, func(t *testing.T, s *signedIn) {
					if unfit { // what was kept does not fit, what the provider says does
						l, err := NewLogin(s.options(s.provider(t, func(o *ProviderOptions) {
							o.Allow = only("ann@new.example")
						}), s.store))
						if err != nil {
							t.Fatal(err)
						}
						s.replicas[0] = l
						s.set(func() { s.info["email"] = "ann@new.example" })
					} else {
						time.Sleep(maxAge + time.Second)
					}
					after := before(t, s)
					for range 2 {
						if err := s.still(t, 0); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrLapsed) || errors.Is(err, ErrNotAllowed) {
							t.Errorf("before anybody knows: %v", err)
						}
					}
					after()
					if err := s.still(t, 0); err != nil {
						t.Errorf("afterwards: %v", err)
					}
				})
			})
		}
	}
}

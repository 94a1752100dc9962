package upstream

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const maxAge = 30 * 24 * time.Hour // the default

// Unknown is never no, and never for ever: each is a provider that says nothing about the person.
func TestUnknownEndsNobodysLoginBeforeItsTime(t *testing.T) {
	unrefreshed := func(i *idp) { i.noRefresh, i.lifetime = true, 3600 }
	rubbish := func(body, media string) func(*signedIn) {
		return func(s *signedIn) { s.raw, s.rawType = body, media }
	}
	down := func(status int) func(*signedIn) { return func(s *signedIn) { s.status = status } }
	idToken := func(claims map[string]any) func(*signedIn) {
		return func(s *signedIn) { s.idOnRenew, s.claims = true, claims }
	}
	for _, tt := range []struct {
		name   string
		before func(i *idp)
		put    func(s *signedIn)
		reason string
	}{
		{"500", nil, down(500), "token_endpoint_status"},
		{"503", nil, down(503), "token_endpoint_status"},
		{"429", nil, down(429), "token_endpoint_status"},
		{"a page with 200", nil, rubbish("<h1>Welcome</h1>", "text/html"), "token_endpoint_no_tokens"},
		{"half an answer", nil, rubbish(`{"access_token":"x`, "application/json"), "token_endpoint_no_tokens"},
		{"an empty object", nil, rubbish(`{}`, "application/json"), "token_endpoint_no_bearer_token"},
		{"an error of no token endpoint", nil, func(s *signedIn) {
			s.rawCode, s.raw, s.rawType = http.StatusBadRequest, `{"error":"invalid_grant"}`, "text/html"
		}, "token_endpoint_content_type"},
		{"invalid_grant with 200", nil, rubbish(`{"error":"invalid_grant"}`, "application/json"), "token_endpoint_no_tokens"},
		{"a foreign signature", nil, func(s *signedIn) {
			other := closedIDP(t)
			s.idOnRenew, s.sign = true, func(c map[string]any) string {
				return signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: other.keys[0]}, c)
			}
		}, "id_token_does_not_verify"},
		{"a clock that is behind", nil, idToken(map[string]any{"exp": 1}), "id_token_does_not_verify"},
		{"an ID token for another client", nil, idToken(map[string]any{"aud": "x"}), "id_token_does_not_verify"},
		{"user info 500 after new tokens", nil, func(s *signedIn) { s.infoCode = 500 }, "user_info_status"},
		{"user info of somebody else", nil, func(s *signedIn) { s.info = map[string]any{"sub": "bob"} }, "user_info_of_another_subject"},
		{"user info that is nothing", nil, func(s *signedIn) { s.info = nil }, "user_info_malformed"},
		{"user info 500", unrefreshed, func(s *signedIn) { s.infoCode = 500 }, "user_info_status"},
		{"user info 429", unrefreshed, func(s *signedIn) { s.infoCode = 429 }, "user_info_status"},
		{"user info 404", unrefreshed, func(s *signedIn) { s.infoCode = 404 }, "user_info_status"},
		{"the access token has expired", func(i *idp) { i.noRefresh = true }, func(s *signedIn) { s.infoCode = 401 }, "access_token_expired"},
		{"the access token expires about now", func(i *idp) { i.noRefresh, i.lifetime = true, 903 }, func(s *signedIn) { s.infoCode = 401 }, "user_info_status"},
		{"nobody said when it expires", func(i *idp) { i.noRefresh, i.lifetime = true, 0 }, func(s *signedIn) { s.infoCode = 401 }, "user_info_status"},
		{"the user info never took it", func(i *idp) { unrefreshed(i); i.infoCode = 401 }, func(*signedIn) {}, "user_info_status"},
		{"there is no user info", func(i *idp) { unrefreshed(i); i.metadata = nil }, func(*signedIn) {}, "no_user_info_endpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env(t, 1, tt.before, func(t *testing.T, s *signedIn) {
				born := time.Now()
				if _, err := s.replicas[0].provider.metadata(s.ctx); err != nil {
					t.Fatal(err)
				}
				time.Sleep(recheck + time.Second)
				s.set(func() { tt.put(s) })
				for range 3 { // not asked again at once
					if err := errors.Join(s.write(t, 0), s.still(t, 0)); err != nil {
						t.Fatal(err)
					}
				}
				s.saw(t, "unknown "+tt.reason)
				time.Sleep(longestCheckPause)
				if err := s.still(t, 0); err != nil || len(s.results()) != 2 {
					t.Errorf("a minute later: %v, checks %q", err, s.results())
				}
				time.Sleep(time.Until(born.Add(maxAge)))
				if err := errors.Join(s.write(t, 0), s.still(t, 0)); err != nil {
					t.Errorf("before its time: %v", err)
				}
				time.Sleep(2 * longestCheckPause)
				if w, r := s.write(t, 0), s.still(t, 0); !errors.Is(w, ErrLapsed) || !errors.Is(r, ErrLapsed) {
					t.Errorf("after its time: a call %v, a refresh %v", w, r)
				}
				if s.ended != 0 {
					t.Error("a grant was ended")
				}
			})
		})
	}
}

func TestAWrongSecretOfOursIsUnknown(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		l, err := NewLogin(s.options(s.provider(t, func(o *ProviderOptions) { o.ClientSecret = "rotated" }), s.store))
		if err != nil {
			t.Fatal(err)
		}
		s.replicas[0] = l
		if err := s.still(t, 0); err != nil {
			t.Error(err)
		}
		s.saw(t, "unknown invalid_client")
	})
}

// The provider may have given a new refresh token for the old one, so its answer is waited for,
// only not by callers.
func TestASlowProviderHoldsNobodyLongAndLosesNoToken(t *testing.T) {
	for name, ended := range map[string]bool{"yes": false, "no": true} {
		t.Run(name, func(t *testing.T) {
			env(t, 2, nil, func(t *testing.T, s *signedIn) {
				time.Sleep(recheck + time.Second)
				if ended {
					s.set(func() { s.refresh = "" })
				}
				s.meanwhile(func() { time.Sleep(8 * time.Second) })
				for replica, longest := range []time.Duration{checkTime, checkTime + waitTime, 0, 0} {
					began := time.Now()
					if err := s.write(t, replica%2); err != nil || time.Since(began) > longest {
						t.Errorf("%d: %v after %s", replica, err, time.Since(began))
					}
				}
				time.Sleep(10 * time.Second)
				if n := s.asked(refreshes); n != 1 {
					t.Errorf("%d questions", n)
				}
				err := s.write(t, 1)
				if ended != errors.Is(err, ErrGrantOver) || !ended && (err != nil || s.store.version != 2) {
					t.Errorf("afterwards: %v, version %d", err, s.store.version)
				}
			})
		})
	}
}

func TestADeadHolderDelaysTheNextCheckByNoMoreThanItsLease(t *testing.T) {
	env(t, 2, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		s.killed(1)
		_ = s.write(t, 1)
		began := time.Now()
		s.set(func() { s.gate, s.refresh = nil, "refresh-1" }) // it does not rotate
		for len(s.results()) == 0 || s.results()[len(s.results())-1] != "yes" {
			before := time.Now()
			if err := s.write(t, 0); err != nil || time.Since(before) > checkTime {
				t.Fatalf("%v after %s", err, time.Since(before))
			}
			if time.Since(began) > leaseTime+checkTime {
				t.Fatalf("no check within %s: %q", leaseTime, s.results())
			}
			time.Sleep(waitTime)
		}
	})
}

func TestACheckKeepsWhatTheStoreDoesNotTake(t *testing.T) {
	env(t, 2, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		s.store.set(func() { s.store.loseSave = true })
		if err := s.write(t, 0); err != nil {
			t.Fatal(err)
		}
		s.store.set(func() { s.store.loseSave = false })
		time.Sleep(longestPause)
		s.at(t, 1, "access-2")
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

func TestANoThatTheStoreDoesNotTakeLetsNothingThrough(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		s.set(func() { s.refresh = "" })
		s.store.set(func() { s.store.loseSave = true })
		if err := s.write(t, 0); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrGrantOver) || s.ended != 0 {
			t.Errorf("%v, ended %d times", err, s.ended)
		}
		s.saw(t, "unknown no_that_the_store_did_not_take")
		s.store.set(func() { s.store.loseSave = false })
		if err := s.write(t, 0); !errors.Is(err, ErrGrantOver) || s.ended != 1 {
			t.Errorf("%v, ended %d times", err, s.ended)
		}
	})
}

func TestWithoutRoomOrStoreNobodyIsAsked(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		s.noRoom = true
		if err := errors.Join(s.write(t, 0), s.still(t, 0)); err != nil {
			t.Error(err)
		}
		s.saw(t, "skipped")
		s.noRoom = false
		s.store.set(func() { s.store.down = true })
		if err := s.write(t, 0); err != nil {
			t.Errorf("a call while the store is down: %v", err)
		}
		if n := s.asked(refreshes); n != 0 {
			t.Errorf("%d questions", n)
		}
		s.store.set(func() { s.store.down = false })
		time.Sleep(noRoomPause)
		if err := s.write(t, 0); err != nil {
			t.Error(err)
		}
		s.saw(t, "skipped", "yes")
	})
}

func TestWhatIsMissingCountsFromTheSignInOn(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		s.store.set(func() { s.store.data = nil })
		g := s.grant()
		g.Born = time.Now()
		l := s.replicas[0]
		time.Sleep(maxAge)
		if err := errors.Join(l.Look(s.request(), g), l.StillAllowed(s.ctx, g, nil)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if a, b := l.Look(s.request(), g), l.StillAllowed(s.ctx, g, nil); !errors.Is(a, ErrLapsed) || !errors.Is(b, ErrLapsed) {
			t.Errorf("%v, %v", a, b)
		}
		s.saw(t)
	})
}

func TestWhatIsKeptFromBeforeIsAskedAboutIfItCanBe(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		for name, tt := range map[string]struct {
			kept state
			want []string
		}{
			"with tokens":    {state{Subject: s.subject, Refresh: "refresh-1"}, []string{"yes"}},
			"without tokens": {state{Subject: s.subject}, []string{"unknown no_tokens_are_kept"}},
		} {
			t.Log(name)
			s.checks = nil
			kept := tt.kept
			kept.Claims = map[string]any{"sub": "ann", "email": "ann@example.com", "email_verified": true}
			data, err := kept.encode()
			if err != nil {
				t.Fatal(err)
			}
			s.set(func() { s.refresh = "refresh-1" })
			s.store.set(func() { s.store.data = data })
			g := s.grant()
			g.Born = time.Now().Add(-recheck - time.Second)
			if err := s.replicas[0].StillAllowed(s.ctx, g, data); err != nil {
				t.Error(err)
			}
			s.saw(t, tt.want...)
			time.Sleep(longestCheckPause)
		}
	})
}

func TestRulesThatNoLongerAdmitAskAtOnce(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		fits := "ann@new.example"
		l, err := NewLogin(s.options(s.provider(t, func(o *ProviderOptions) {
			o.Allow = func(c map[string]any) error { return only(fits)(c) }
		}), s.store))
		if err != nil {
			t.Fatal(err)
		}
		s.replicas[0] = l
		s.set(func() { s.info["email"] = fits })
		if err := s.still(t, 0); err != nil {
			t.Errorf("what the provider says now fits: %v", err)
		}
		s.set(func() { s.status = http.StatusServiceUnavailable })
		fits = "somebody@else.example"
		s.replicas[0], err = NewLogin(s.options(l.provider, s.store))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.still(t, 0); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("neither fits, nor can anybody be asked: %v", err)
		}
	})
}

type countedLoads struct {
	Store
	n int
}

func (c *countedLoads) Load(ctx context.Context, grant string) ([]byte, uint64, bool, error) {
	c.n++
	return c.Store.Load(ctx, grant)
}

func TestAReplicaThatStopsAsksNothingMore(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		if err := s.replicas[0].Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := s.write(t, 0); err != nil || s.asked(refreshes) != 0 {
			t.Errorf("%v, %d questions", err, s.asked(refreshes))
		}
		synctest.Wait()
	})
}

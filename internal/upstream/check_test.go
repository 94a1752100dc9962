package upstream

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

const recheck = 15 * time.Minute // the default

// env is a bubble in which a person has signed in at a provider that was changed before.
func env(t *testing.T, replicas int, change func(i *idp), test func(t *testing.T, s *signedIn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		i := newBubbleIDP(t)
		i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
		i.info = map[string]any{"sub": "ann", "email": "ann@example.com", "email_verified": true}
		if change != nil {
			change(i)
		}
		s := i.serving(t, replicas)
		test(t, s)
	})
}

func (s *signedIn) grant() Grant { return Grant{ID: "g", Subject: s.subject, Sub: "ann"} }

// still is a refresh at a replica.
func (s *signedIn) still(t *testing.T, replica int) error {
	data, _, _, err := s.store.Load(t.Context(), "g")
	if err != nil {
		return err
	}
	return s.replicas[replica].StillAllowed(t.Context(), s.grant(), data)
}

// write is a call that creates something.
func (s *signedIn) write(t *testing.T, replica int) error {
	ctx := s.request()
	if err := s.replicas[replica].Look(ctx, s.grant()); err != nil {
		return err
	}
	_, err := s.replicas[replica].CheckBeforeWriting(ctx)
	return err
}

func (s *signedIn) saw(t *testing.T, want ...string) {
	t.Helper()
	if got := s.results(); !slices.Equal(got, want) {
		t.Errorf("checks %q, want %q", got, want)
	}
}

func TestThePersonIsAskedAboutAgainAfterAWhile(t *testing.T) {
	env(t, 2, nil, func(t *testing.T, s *signedIn) {
		for range 3 {
			time.Sleep(recheck)
			if err := errors.Join(s.write(t, 0), s.still(t, 1)); err != nil || s.asked(refreshes) != len(s.results()) {
				t.Fatalf("too early: %v, %d questions", err, s.asked(refreshes))
			}
			time.Sleep(time.Second)
			if err := errors.Join(s.write(t, 0), s.still(t, 1)); err != nil {
				t.Fatal(err)
			}
		}
		s.saw(t, "yes", "yes", "yes")
		if n := s.asked(refreshes); n != 3 {
			t.Errorf("%d questions", n)
		}
	})
}

func TestANoEndsTheGrant(t *testing.T) {
	claims := func(change map[string]any) func(s *signedIn) {
		return func(s *signedIn) { s.idOnRenew, s.claims = true, change }
	}
	unrefreshed := func(i *idp) { i.noRefresh, i.lifetime = true, 3600 }
	for _, tt := range []struct {
		name   string
		before func(i *idp)
		put    func(s *signedIn)
		reason string
	}{
		{"the refresh token is refused", nil, func(s *signedIn) { s.refresh = "" }, "invalid_grant"},
		{"the ID token's claims do not fit", nil, claims(map[string]any{"email": "ann@evil.net"}), "rules"},
		{"the user info's claims do not fit", nil, func(s *signedIn) { s.info["email"] = "ann@evil.net" }, "rules"},
		{"somebody else's ID token", nil, claims(map[string]any{"sub": "bob"}), "another_subject"},
		{"the user info answers 401", unrefreshed, func(s *signedIn) { s.infoCode = http.StatusUnauthorized }, "user_info"},
		{"the user info answers 403", unrefreshed, func(s *signedIn) { s.infoCode = http.StatusForbidden }, "user_info"},
		{"what the user info says does not fit", unrefreshed, func(s *signedIn) { s.info["email_verified"] = false }, "rules"},
		{"the user info lacks what admitted", unrefreshed, func(s *signedIn) { delete(s.info, "email") }, "rules"},
	} {
		for name, ask := range map[string]func(*signedIn, *testing.T) error{
			"at a refresh": func(s *signedIn, t *testing.T) error { return s.still(t, 0) },
			"at a call":    func(s *signedIn, t *testing.T) error { return s.write(t, 0) },
		} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				env(t, 2, tt.before, func(t *testing.T, s *signedIn) {
					time.Sleep(recheck + time.Second)
					s.set(func() { tt.put(s) })
					if err := ask(s, t); !errors.Is(err, ErrGrantOver) {
						t.Errorf("%v", err)
					}
					s.saw(t, "no "+tt.reason)
					if s.ended != 1 {
						t.Errorf("ended %d times", s.ended)
					}
					if err := s.replicas[1].Look(s.request(), s.grant()); !errors.Is(err, ErrGrantOver) {
						t.Errorf("the other replica: %v", err)
					}
				})
			})
		}
	}
}

func TestWhatOnlyTheIDTokenSaysStays(t *testing.T) {
	only := func(i *idp) { i.info = map[string]any{"sub": "ann"} }
	env(t, 1, only, func(t *testing.T, s *signedIn) {
		for range 2 {
			time.Sleep(recheck + time.Second)
			if err := s.write(t, 0); err != nil {
				t.Error(err)
			}
		}
		s.saw(t, "yes", "yes")
	})
}

func TestManyAtOnceAskOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		put    func(s *signedIn)
		result string
		want   error
	}{
		"yes":     {func(*signedIn) {}, "yes", nil},
		"no":      {func(s *signedIn) { s.refresh = "" }, "no invalid_grant", ErrGrantOver},
		"unknown": {func(s *signedIn) { s.raw, s.rawType = "<h1>", "text/html" }, "unknown token_endpoint_no_tokens", nil},
	} {
		t.Run(name, func(t *testing.T) {
			env(t, 2, nil, func(t *testing.T, s *signedIn) {
				time.Sleep(recheck + time.Second)
				s.set(func() { tt.put(s) })
				s.meanwhile(func() { time.Sleep(time.Second) })
				var all sync.WaitGroup
				for n := range 50 {
					ask := s.write
					if n%4 < 2 {
						ask = s.still
					}
					all.Go(func() {
						if err := ask(t, n%2); !errors.Is(err, tt.want) {
							t.Errorf("%v; want %v", err, tt.want)
						}
					})
				}
				all.Wait()
				if n := s.asked(refreshes); n != 1 {
					t.Errorf("%d questions", n)
				}
				if got := s.results(); !slices.Contains(got, tt.result) {
					t.Errorf("checks %q", got)
				}
			})
		})
	}
}

func TestInvalidGrantOfAnOlderVersionIsNotANo(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		theirs := &state{Subject: s.subject, Access: "theirs", Refresh: "theirs", Allowed: time.Now()}
		data, err := theirs.encode()
		if err != nil {
			t.Fatal(err)
		}
		s.set(func() { s.refresh = "rotated by another" })
		s.meanwhile(func() { s.store.set(func() { s.store.data = data; s.store.version++ }) })
		if err := s.write(t, 0); err != nil || s.ended != 0 {
			t.Errorf("%v, ended %d times", err, s.ended)
		}
	})
}

func TestAReadWaitsForNobody(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(recheck + time.Second)
		let := make(chan struct{})
		s.meanwhile(func() { <-let })
		began := time.Now()
		ctx := s.request()
		if err := s.replicas[0].Look(ctx, s.grant()); err != nil {
			t.Fatal(err)
		}
		s.replicas[0].CheckBeside(ctx)
		if wait := time.Since(began); wait != 0 {
			t.Errorf("waited %s", wait)
		}
		synctest.Wait()
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d questions", n)
		}
		close(let)
		synctest.Wait()
		s.saw(t, "yes")
	})
}

func TestARequestReadsWhatIsKeptOnce(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		counted := &countedLoads{Store: s.store}
		l, err := NewLogin(s.options(s.provider(t), counted))
		if err != nil {
			t.Fatal(err)
		}
		ctx := s.request()
		if err := l.Look(ctx, s.grant()); err != nil {
			t.Fatal(err)
		}
		l.CheckBeside(ctx)
		if _, err := l.Credential(ctx, s.subject); err != nil || counted.n != 1 {
			t.Errorf("%v, read %d times", err, counted.n)
		}
	})
}

func TestDenyRulesEndAGrantAtTheNextCall(t *testing.T) {
	deny := func(rule string) func(*ProviderOptions) {
		return func(o *ProviderOptions) {
			var err error
			if o.Deny, err = identity.ParseRules([]string{rule}); err != nil {
				t.Fatal(err)
			}
		}
	}
	env(t, 1, func(i *idp) { i.claims = map[string]any{"groups": []string{"a"}} }, func(t *testing.T, s *signedIn) {
		for rule, want := range map[string]error{
			"groups=a": ErrNotAllowed, "groups=b": nil, "sub=ann": ErrNotAllowed, "email_domain=Example.com": ErrNotAllowed,
		} {
			l, err := NewLogin(s.options(s.provider(t, deny(rule)), s.store))
			if err != nil {
				t.Fatal(err)
			}
			data, _, _, _ := s.store.Load(t.Context(), "g")
			look, still := l.Look(s.request(), s.grant()), l.StillAllowed(s.ctx, s.grant(), data)
			if !errors.Is(look, want) || !errors.Is(still, want) {
				t.Errorf("%s: a call %v, a refresh %v; want %v", rule, look, still, want)
			}
		}
		s.store.set(func() { s.store.data = nil })
		for rule, want := range map[string]error{"groups=a": nil, "sub=ann": ErrNotAllowed} {
			l, err := NewLogin(s.options(s.provider(t, deny(rule)), s.store))
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Look(s.request(), s.grant()); !errors.Is(err, want) {
				t.Errorf("%s, and nothing is kept: %v; want %v", rule, err, want)
			}
		}
	})
}

func TestDenyRulesAtSignIn(t *testing.T) {
	deny, err := identity.ParseRules([]string{"groups=left"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		claims, info map[string]any
		infoCode     int
		want         error
	}{
		"by the ID token":           {map[string]any{"groups": "left"}, nil, 0, ErrNotAllowed},
		"only the user info knows":  {nil, map[string]any{"groups": []string{"left"}}, 0, ErrNotAllowed},
		"nobody knows such a claim": {nil, nil, 0, nil},
		"absent by overage": {map[string]any{
			"_claim_names":   map[string]any{"groups": "src1"},
			"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.example.com/groups"}},
		}, nil, 0, ErrNotAllowed},
		"the user info cannot be asked": {nil, nil, http.StatusServiceUnavailable, ErrUnavailable},
		"the user info takes no token":  {nil, nil, http.StatusUnauthorized, nil},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIDP(t)
			i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
			i.claims, i.infoCode, i.info = tt.claims, tt.infoCode, map[string]any{"sub": "ann"}
			maps.Copy(i.info, tt.info)
			_, err := i.signIn(t, i.provider(t, func(o *ProviderOptions) { o.Deny = deny }))
			if !errors.Is(err, tt.want) {
				t.Errorf("%v; want %v", err, tt.want)
			}
		})
	}
}

func TestALoginThatWasUnusedForLongIsAskedAbout(t *testing.T) {
	env(t, 1, nil, func(t *testing.T, s *signedIn) {
		time.Sleep(maxAge + time.Hour)
		if err := s.replicas[0].Look(s.request(), s.grant()); !errors.Is(err, ErrLapsed) || s.ended != 0 {
			t.Errorf("a call: %v, ended %d times", err, s.ended)
		}
		if err := errors.Join(s.still(t, 0), s.write(t, 0)); err != nil { // the refresh that the call leads to
			t.Error(err)
		}
		s.saw(t, "yes")
	})
}

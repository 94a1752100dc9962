package upstream

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

// offers tells whether a sign-in that begins now asks for offline_access, and gives what is kept of
// it.
func (i *idp) offers(t *testing.T, p *Provider) (offline bool, kept []byte) {
	t.Helper()
	location, kept, err := p.Begin(t.Context(), "the state")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	offline = strings.Contains(u.Query().Get("scope"), scopeOffline)
	if consent := u.Query().Get("prompt") == "consent"; consent != offline {
		t.Errorf("prompt %q with scope %q", u.Query().Get("prompt"), u.Query().Get("scope"))
	}
	return offline, kept
}

func announcing(t *testing.T) *idp {
	i := newIDP(t)
	i.metadata = map[string]any{"scopes_supported": []string{"openid", scopeOffline}}
	return i
}

func TestARefreshTokenIsAskedForWhereAnnounced(t *testing.T) {
	if offline, _ := newIDP(t).offers(t, newIDP(t).provider(t)); offline {
		t.Error("asked for though not announced")
	}
	i := announcing(t)
	if offline, _ := i.offers(t, i.provider(t)); !offline {
		t.Error("not asked for")
	}
}

func TestInvalidScopeBeginsAgainOnceWithoutOfflineAccess(t *testing.T) {
	refused := url.Values{"state": {"the state"}, "error": {"invalid_scope"}}
	for name, change := range map[string]func(*ProviderOptions){
		"announced": func(*ProviderOptions) {}, "configured": func(o *ProviderOptions) { o.Scopes = []string{scopeOffline} },
	} {
		t.Run(name, func(t *testing.T) {
			i := announcing(t)
			p := i.provider(t, change)
			_, kept := i.offers(t, p)
			if _, err := p.Finish(t.Context(), refused, kept); !errors.Is(err, ErrBeginAgain) {
				t.Fatalf("the first time: %v", err)
			}
			offline, kept := i.offers(t, p)
			if offline {
				t.Fatal("asked for again")
			}
			// Something else is wrong with the scopes.
			var failure *SignInError
			if _, err := p.Finish(t.Context(), refused, kept); errors.Is(err, ErrBeginAgain) || !errors.As(err, &failure) {
				t.Errorf("the second time: %v", err)
			}
			if offline, _ := i.offers(t, p); !offline {
				t.Error("not asked for, though it was not what was refused")
			}
		})
	}
	i := announcing(t)
	p := i.provider(t)
	_, kept := i.offers(t, p)
	_, _ = p.Finish(t.Context(), refused, kept)
	i.set(func() { i.now = i.now.Add(refusedFor) })
	if offline, _ := i.offers(t, p); !offline {
		t.Error("not asked for an hour later")
	}
}

func TestWithoutARefreshTokenTheUserInfoIsTriedAtSignIn(t *testing.T) {
	for name, tt := range map[string]struct {
		code      int
		refreshes bool
		asked     int
		answers   bool
	}{
		"it answers": {0, false, 1, true}, "it does not take the token": {401, false, 1, false}, "there is a refresh token": {0, true, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIDP(t)
			i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
			i.noRefresh, i.infoCode, i.info = !tt.refreshes, tt.code, map[string]any{"sub": "ann", "email": "ann@example.com"}
			person, err := i.signIn(t, i.provider(t))
			if err != nil {
				t.Fatal(err)
			}
			kept, err := decodeState(person.Upstream)
			if err != nil || len(kept.Info) > 0 != tt.answers || i.asked("/userinfo") != tt.asked {
				t.Errorf("%v, names %q, asked %d times", err, kept.Info, i.asked("/userinfo"))
			}
		})
	}
	if checkTime > 5*time.Second {
		t.Error("a sign-in waits long for it")
	}
}

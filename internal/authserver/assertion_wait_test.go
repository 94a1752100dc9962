package authserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// atSignersDesk runs f with a desk and a client that signs, whose login has been proven.
func atSignersDesk(t *testing.T, f func(t *testing.T, d *desk, c *signer, refresh string)) {
	t.Helper()
	atDesk(t, func(t *testing.T, d *desk) {
		k := tokentest.NewKey(t, jose.EdDSA, "k")
		d.fetch = serves(documentWith(pluralMethods + `,"jwks":` + string(jwks(t, k))))
		c := &signer{program: &program{w: d.world, id: documentID}, key: k, jtis: &atomic.Int64{}}
		_, refresh := d.got(d.ask(t.Context(), authserver.TokenPath, c.signed(codeForm(d.code())), nil))
		f(t, d, c, refresh)
	})
}

func (s *signer) signed(form url.Values) url.Values {
	form.Set("client_assertion", s.sign())
	return form
}

// The first operation is the use of the assertion; some of them read it again after a reply that
// was lost.
func TestNoFailureOfTheStoreRefusesAnAssertion(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, kind := range []string{"code", "refresh token"} {
			for n := 1; n <= 8; n++ {
				atSignersDesk(t, func(t *testing.T, d *desk, c *signer, refresh string) {
					form := c.signed(refreshForm(refresh))
					if kind == "code" {
						form = c.signed(codeForm(d.code()))
					}
					d.memory.FailAt(n, after)
					w := d.ask(t.Context(), authserver.TokenPath, form, nil)
					if d.memory.Fail(nil); w.Code != http.StatusOK {
						t.Errorf("%s, operation %d, after its effect %v: %d %s", kind, n, after, w.Code, w.Body)
					}
					w = d.ask(t.Context(), authserver.TokenPath, form, nil)
					wantRefused(t, "again", w.Code, object(t, w), http.StatusUnauthorized, "invalid_client")
				})
			}
		}
	}
}

func TestAssertionWaitsForTheStore(t *testing.T) {
	atSignersDesk(t, func(t *testing.T, d *desk, c *signer, refresh string) {
		form := c.signed(refreshForm(refresh))
		d.memory.Down()
		time.AfterFunc(15*time.Second, func() { d.memory.Fail(nil) })
		if got := d.timed(form); got.Code != http.StatusOK || got.took < 15*time.Second {
			t.Errorf("%d after %s %s", got.Code, got.took, got.Body)
		}
		form = c.signed(refreshForm(refresh))
		d.memory.Down()
		got := d.timed(form)
		wantRefused(t, "in vain", got.Code, object(t, got.ResponseRecorder), http.StatusServiceUnavailable, "temporarily_unavailable")
		revoked := d.ask(t.Context(), authserver.RevokePath, c.signed(url.Values{"token": {refresh}}), nil)
		wantRefused(t, "revoking", revoked.Code, object(t, revoked), http.StatusServiceUnavailable, "temporarily_unavailable")
		d.memory.Fail(nil)
		d.got(d.ask(t.Context(), authserver.TokenPath, form, nil)) // the same again
	})
}

// No replica may take an assertion that the store has forgotten, not even one whose clock is
// behind.
func TestAssertionIsRememberedBeyondItsEnd(t *testing.T) {
	atSignersDesk(t, func(t *testing.T, d *desk, c *signer, refresh string) {
		for _, ahead := range []time.Duration{-30 * time.Second, time.Minute, 10 * time.Minute} {
			d.memory.ForgetWrites()
			form := refreshForm(refresh)
			form.Set("client_assertion", c.sign("exp", d.now().Add(ahead).Unix()))
			d.got(d.ask(t.Context(), authserver.TokenPath, form, nil))
			remembered := 0
			for _, w := range d.memory.Writes() {
				if !strings.HasPrefix(w.Name, "a:") {
					continue
				}
				remembered++
				if life := w.TTL; life < ahead+time.Minute+30*time.Second || life > ahead+5*time.Minute {
					t.Errorf("%s before its end it is remembered for %s", ahead, life)
				}
			}
			if remembered != 1 {
				t.Errorf("%v", d.memory.Writes())
			}
		}
	})
}

// A client that sends the same request again after a 503 is not taken for a thief.
func TestAssertionOfAFailedRequestIsReturned(t *testing.T) {
	atSignersDesk(t, func(t *testing.T, d *desk, c *signer, refresh string) {
		form := c.signed(refreshForm(refresh))
		d.provider.set("", nil, fmt.Errorf("away: %w", authserver.ErrUnavailable))
		w := d.ask(t.Context(), authserver.TokenPath, form, nil)
		wantRefused(t, "while the provider is away", w.Code, object(t, w), http.StatusServiceUnavailable, "temporarily_unavailable")
		d.provider.set("", nil, nil)
		time.Sleep(2 * time.Millisecond) // what is given back is kept for one
		d.got(d.ask(t.Context(), authserver.TokenPath, form, nil))
	})
}

// Whatever is presented as an assertion, only its own makes somebody the client, and no fault is
// ours.
func FuzzClientAssertions(f *testing.F) {
	k := tokentest.NewKey(f, jose.EdDSA, "k")
	w := newWorldOver(f, false, func(o *authserver.Options) {
		o.Clients = must(authserver.ParseClients([]byte(`{"clients":[{"client_id":"bot","redirect_uris":["` + webRedirect + `"],"jwks":` + string(jwks(f, k)) + `}]}`)))
	})
	c := &signer{program: &program{w: w, id: "bot"}, key: k, jtis: &atomic.Int64{}}
	good := c.sign()
	for _, s := range []string{good, good[:len(good)-2], "a.b.c", "", k.Sign(f, map[string]any{"sub": 1}), c.sign("exp", 1)} {
		f.Add(s, jwtBearer, "bot")
		f.Add(s, "", "")
	}
	f.Fuzz(func(t *testing.T, assertion, kind, id string) {
		form := url.Values{"token": {"unknown"}, "client_assertion": {assertion}, "client_assertion_type": {kind}, "client_id": {id}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.RevokePath, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", formType)
		rec := w.serveOnce(r) // an unknown token is as good as revoked: 200 says that the client is known
		of := id
		if a, err := token.ParseAssertion(assertion); err == nil {
			of = a.Subject
		}
		if rec.Code >= 500 || rec.Code == http.StatusOK && assertion != good && !strings.HasPrefix(of, "https://") {
			t.Errorf("%q %q %q: %d %s", assertion, kind, id, rec.Code, rec.Body)
		}
	})
}

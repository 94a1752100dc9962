package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// bothKinds are a good assertion of each kind.
func bothKinds(v *vouchers) map[string]func() url.Values {
	return map[string]func() url.Values{
		"workload": func() url.Values { return bearerForm(v.signWorkload()) },
		"digest":   func() url.Values { return bearerForm(v.signWorkload("jti", nil)) },
		"identity": func() url.Values { return asClient(v.signIdentity()) },
	}
}

func TestAssertionCanBeUsedAgainAfterNobodyCouldTell(t *testing.T) {
	for _, kind := range []string{"workload", "digest", "identity"} {
		t.Run(kind, func(t *testing.T) {
			v := newVouchers(t)
			atDesk(t, func(t *testing.T, d *desk) {
				form := bothKinds(v)[kind]()
				d.memory.Down()
				w := d.ask(t.Context(), authserver.TokenPath, form, nil)
				wantNo(t, w.Code, object(t, w), "temporarily_unavailable", "")
				if w.Header().Get("Retry-After") == "" {
					t.Error("it does not say when to come back")
				}
				d.memory.Fail(nil)
				if w := d.ask(t.Context(), authserver.TokenPath, form, nil); w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				w = d.ask(t.Context(), authserver.TokenPath, form, nil)
				wantNo(t, w.Code, object(t, w), "invalid_grant", "used before")
			}, listed(t), v.take)
		})
	}
}

// Whichever step of the store fails once, before its effect or after it, the request waits and ends
// well, once.
func TestAssertionOutlastsAStoreThatFailsOnce(t *testing.T) {
	for _, kind := range []string{"workload", "digest", "identity"} {
		for op := 1; op <= 6; op++ {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, step %d, after its effect %v", kind, op, after), func(t *testing.T) {
					v := newVouchers(t)
					atDesk(t, func(t *testing.T, d *desk) {
						form := bothKinds(v)[kind]()
						d.memory.FailAt(op, after)
						if w := d.ask(t.Context(), authserver.TokenPath, form, nil); w.Code != http.StatusOK {
							t.Fatalf("%d %s", w.Code, w.Body)
						}
						d.memory.Fail(nil)
						w := d.ask(t.Context(), authserver.TokenPath, form, nil)
						wantNo(t, w.Code, object(t, w), "invalid_grant", "used before")
					}, listed(t), v.take)
				})
			}
		}
	}
}

func TestBearerAssertionWaitsForTheStore(t *testing.T) {
	v := newVouchers(t)
	atDesk(t, func(t *testing.T, d *desk) {
		d.memory.Down()
		go func() {
			time.Sleep(5 * time.Second)
			d.memory.Fail(nil)
		}()
		began := time.Now()
		if w := d.ask(t.Context(), authserver.TokenPath, asClient(v.signIdentity()), nil); w.Code != http.StatusOK || time.Since(began) < 5*time.Second {
			t.Errorf("%d %s after %v", w.Code, w.Body, time.Since(began))
		}
		synctest.Wait()
	}, listed(t), v.take)
}

// It is remembered for as long as any replica takes the assertion, whose clock may be behind.
func TestAssertionIsRememberedUntilNobodyTakesIt(t *testing.T) {
	v := newVouchers(t)
	atDesk(t, func(t *testing.T, d *desk) {
		d.got200(bearerForm(v.signWorkload()))
		for _, w := range d.memory.Writes() {
			if strings.HasPrefix(w.Name, "a:") && w.TTL >= 11*time.Minute && w.TTL <= 13*time.Minute {
				return
			}
		}
		t.Errorf("%v", d.memory.Writes())
	}, listed(t), v.take)
}

func (d *desk) got200(form url.Values) {
	d.t.Helper()
	if w := d.ask(d.t.Context(), authserver.TokenPath, form, nil); w.Code != http.StatusOK {
		d.t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestKeysThatAreAwayAreNotARefusal(t *testing.T) {
	for _, kind := range []string{"workload", "identity"} {
		t.Run(kind, func(t *testing.T) {
			v := newVouchers(t)
			w := newWorld(t, listed(t), v.take)
			form := bothKinds(v)[kind]()
			v.keys = func() error { return errKeysAway }
			status, out := w.exchange(form)
			wantNo(t, status, out, "temporarily_unavailable", "was not used")
			v.keys = nil
			if status, out := w.exchange(form); status != http.StatusOK {
				t.Errorf("afterwards: %d %v", status, out)
			}
		})
	}
}

// counts notes what was counted, and refuses a kind.
type counts struct {
	mu     sync.Mutex
	seen   []string
	refuse string
}

func (c *counts) Allow(_ context.Context, kind, owner string) (bool, time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, kind+" "+owner)
	return kind != c.refuse, time.Second, nil
}

func (c *counts) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := strings.Join(c.seen, "; ")
	c.seen = nil
	return out
}

func TestAssertionCountsForItsSubjectOnceVerified(t *testing.T) {
	v := newVouchers(t)
	c := &counts{}
	atDesk(t, func(t *testing.T, d *desk) {
		ask := func(form url.Values) int { return d.ask(t.Context(), authserver.TokenPath, form, nil).Code }
		const address = "token 192.0.2.1"
		if ask(bearerForm(v.signWorkload())); !strings.HasPrefix(c.take(), "grant subject "+ciIssuer+"#repo:acme/app:ref:refs/heads/main ") {
			t.Error("a workload does not count for itself")
		}
		if ask(asClient(v.signIdentity())); !strings.HasPrefix(c.take(), "grant subject "+companyIssuer+"#ann ") {
			t.Error("a person does not count for themselves")
		}
		for name, form := range map[string]url.Values{
			"a signature of nobody's": asClient(v.ci.Sign(t, v.identity(), tokentest.WithHeader("typ", idJAG))),
			"no rule":                 bearerForm(v.signWorkload("sub", "repo:evil/app:ref:x")),
			"expired":                 bearerForm(v.signWorkload("iat", nil, "exp", 1)),
		} {
			if ask(form); c.take() != address {
				t.Errorf("%s counts for somebody else than its address", name)
			}
		}
		v.keys = func() error { return errKeysAway }
		if status := ask(asClient(v.signIdentity())); status != http.StatusServiceUnavailable || c.take() != address {
			t.Error("what cannot be checked counts for somebody else than its address")
		}
		v.keys, c.refuse = nil, authserver.LimitGrant
		form := asClient(v.signIdentity())
		if status := ask(form); status != http.StatusTooManyRequests || d.memory.Ops() == 0 {
			t.Errorf("one too many: %d", status)
		}
		if c.refuse = ""; ask(form) != http.StatusOK {
			t.Error("a request that was one too many has used up its assertion")
		}
	}, listed(t), v.take, func(o *authserver.Options) { o.Limiter = c })
}

package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// strict is a provider that redeems a code once (RFC 6749 §4.1.2).
type strict struct {
	authserver.SignIn
	mu   sync.Mutex
	seen map[string]int // by state
}

func (s *strict) Finish(ctx context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[answer.Get("state")]++; s.seen[answer.Get("state")] > 1 {
		return authserver.Person{}, errors.New("the code was used before")
	}
	return s.SignIn.Finish(ctx, answer, keep)
}

// signsIn is a way through a sign-in. It goes on from where it is told to, and ends with what the
// client is told, or with a page that leads nowhere.
type signsIn struct {
	// before is what the browser did earlier.
	before func(w *world, p *person, c *program)
	// after is done with a page that the callback shows.
	after func(p *person, at page) page
}

// Whichever operation of the store fails, before or after its effect, the client gets one code or
// none, the provider's answer is redeemed once, what was not redeemed can be loaded again, and the
// person can start again.
func TestAStoreThatFailsAtAnyStepOfASignInLosesNothing(t *testing.T) {
	for name, way := range map[string]signsIn{
		"straight": {},
		"asked again": {
			before: func(w *world, p *person, c *program) { c.tokens(p); w.provider.set("bob", nil, nil) },
			after:  func(p *person, at page) page { return p.submit(form(at.body)) },
		},
		"asked for a key": {after: func(p *person, at page) page { return p.submitKey(keyForm(at.body, "a-key")) }},
	} {
		for _, after := range []bool{false, true} {
			n := 1
			for ; n < 30; n++ {
				if !signInWithFailure(t, fmt.Sprintf("%s, operation %d, after its effect %v", name, n, after), way, n, after, name == "asked for a key") {
					break
				}
			}
			if n < 5 || n == 30 {
				t.Errorf("%s: %d operations failed", name, n-1)
			}
		}
	}
}

// signInWithFailure tells whether the operation that fails was reached.
func signInWithFailure(t *testing.T, what string, way signsIn, n int, after, linking bool) bool {
	t.Helper()
	store, provider := &sessiontest.Faults{}, &strict{seen: map[string]int{}}
	w := over(t, func(r session.Records) session.Records { return sessiontest.Faulty{Records: r, Faults: store} }, func(o *authserver.Options) {
		if provider.SignIn == nil {
			provider.SignIn = o.SignIn
		}
		o.SignIn = provider
		if linking {
			o.Linker = &linker{keys: map[string]string{}, refused: map[string]bool{}}
		}
	})
	c, p := w.program(localRedirect), w.thief()
	if way.before != nil {
		way.before(w, p, c)
	}
	callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
	state := must(url.Parse(callback)).Query().Get("state")
	goOn := func() page {
		at := p.open(callback)
		if strings.Contains(at.body, "<form") && way.after != nil {
			at = way.after(p, at)
		}
		return at
	}
	store.FailAt(n, after)
	first := goOn()
	reached := store.Ops() >= n
	store.Fail(nil)
	again := goOn() // with the cookie, which a browser would have dropped
	codes := 0
	for _, at := range []page{first, again} {
		switch code := must(url.Parse(at.location)).Query().Get("code"); {
		case at.status == http.StatusServiceUnavailable && at.header.Get("Retry-After") == "":
			t.Errorf("%s: 503 does not say when to come back", what)
		case code != "":
			codes++
			if status, out := c.redeem(code); status != http.StatusOK {
				t.Errorf("%s: the code is not good: %d %v", what, status, out)
			}
		case at.status >= 500 && at.status != http.StatusServiceUnavailable:
			t.Errorf("%s: %d %s", what, at.status, text(at.body))
		}
	}
	provider.mu.Lock()
	redeemed := provider.seen[state]
	provider.mu.Unlock()
	switch {
	case codes > 1 || redeemed > 1:
		t.Errorf("%s: %d codes, redeemed %d times", what, codes, redeemed)
	case !reached && codes != 1:
		t.Errorf("%s: no code: %d %q %s", what, first.status, first.location, text(first.body))
	case n == 1 && reached && (first.status != http.StatusServiceUnavailable || !strings.Contains(first.body, `href=""`)):
		t.Errorf("%s: the page cannot be loaded again: %d %q", what, first.status, first.location)
	case n == 1 && reached && !after && codes != 1:
		t.Errorf("%s: loaded again, it gives no code: %d %s", what, again.status, text(again.body))
	}
	at := p.open(p.submit(form(p.open(c.request()).body)).location)
	if at = p.open(at.location); strings.Contains(at.body, "<form") && way.after != nil {
		at = way.after(p, at)
	}
	if status, out := c.redeem(must(url.Parse(at.location)).Query().Get("code")); status != http.StatusOK {
		t.Errorf("%s: starting again: %d %q %v", what, at.status, at.location, out)
	}
	return reached
}

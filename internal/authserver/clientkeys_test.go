package authserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const keysPath = "/oauth/jwks.json"

// alone leaves one replica, so that there is one cache.
func (w *world) alone() *world {
	w.replicas = w.replicas[:1]
	return w
}

func (h *host) count(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fetched[path]
}

func TestClientKeysThatCannotBeFetchedRefuseNobody(t *testing.T) {
	for name, away := range map[string]func(h *host){
		"unreachable":     func(h *host) { h.down = true },
		"server error":    func(h *host) { h.status = http.StatusInternalServerError },
		"not found":       func(h *host) { h.status = http.StatusNotFound },
		"redirects":       func(h *host) { h.status = http.StatusFound },
		"not a JWK set":   func(h *host) { h.keys = []byte("<html>") },
		"an empty set":    func(h *host) { h.keys = []byte(`{"keys":[]}`) },
		"unusable keys":   func(h *host) { h.keys = []byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`) },
		"without an end":  func(h *host) { h.keys = []byte(`{"keys":[],"x":"` + strings.Repeat("x", 65<<10) + `"}`) },
		"keys of another": func(h *host) { h.keys = []byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).alone()
			c, h := w.signs(singularMethods)
			code := c.code()
			good := h.keys
			h.change(away)
			for range 3 {
				status, out := c.redeem(code)
				wantRefused(t, name, status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
				if out["Retry-After"] == nil {
					t.Error("no Retry-After")
				}
			}
			if n := h.count(keysPath); n != 1 {
				t.Errorf("fetched %d times within a minute", n)
			}
			if !strings.Contains(w.log.String(), "path="+keysPath) {
				t.Errorf("the operator is told nothing: %s", &w.log)
			}
			// The code was not used up, and its minute is over by the time that the keys are asked
			// for again.
			h.change(func(h *host) { h.down, h.status, h.keys = false, 0, good })
			code = c.code()
			w.forward(time.Minute - time.Second)
			status, out := c.redeem(code)
			wantRefused(t, "too early", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
			w.forward(time.Second)
			if status, out := c.redeem(c.code()); status != http.StatusOK {
				t.Errorf("once they are back: %d %v", status, out)
			}
		})
	}
}

func TestClientKeysOutliveTheirHost(t *testing.T) {
	w := newWorld(t).alone()
	c, h := w.signs(singularMethods)
	refresh := c.login()
	h.change(func(h *host) { h.down = true })
	for range 20 { // beyond the life of the document
		w.forward(time.Hour)
		status, out := c.refresh(refresh)
		if status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
		refresh = out["refresh_token"].(string)
	}
	w.forward(24 * time.Hour)
	status, out := c.refresh(refresh)
	wantRefused(t, "after a day", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	h.change(func(h *host) { h.down = false })
	w.forward(time.Minute)
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("once it is back: %d %v", status, out)
	}
}

func TestClientKeysAreFetchedWhenAllElseFits(t *testing.T) {
	w := newWorld(t).alone()
	c, h := w.signs(pluralMethods)
	c.send = false
	refresh := c.login()
	now := w.now().Unix()
	c.send = true
	for name, tc := range map[string]struct {
		token   string
		changes []string
	}{
		"expired":               {refresh, []string{"client_assertion", c.sign("exp", now-120)}},
		"for another server":    {refresh, []string{"client_assertion", c.sign("aud", "https://other.example")}},
		"for another client_id": {refresh, []string{"client_id", "x"}},
		"no token of ours":      {strings.Repeat("A", len(refresh)), nil},
		"no token":              {"", nil},
	} {
		if status, _ := c.refresh(tc.token, tc.changes...); status < 400 || status >= 500 {
			t.Errorf("%s: %d", name, status)
		}
		_, _ = c.revoke(tc.token, tc.changes...)
	}
	if n := h.count(keysPath); n != 0 {
		t.Errorf("fetched %d times", n)
	}
	if status, _ := c.refresh(refresh); status != http.StatusOK || h.count(keysPath) != 1 {
		t.Errorf("%d, fetched %d times", status, h.count(keysPath))
	}
}

func TestUnknownKeyIDIsLookedForOnceAMinute(t *testing.T) {
	w := newWorld(t).alone()
	c, h := w.signs(singularMethods)
	refresh := c.login()
	rotated := tokentest.NewKey(t, jose.RS256, "key-2")
	h.change(func(h *host) {
		h.keys = append(jwks(t, rotated)[:len(jwks(t, rotated))-2], append([]byte(","), jwks(t, c.key)[len(`{"keys":[`):]...)...)
	})
	c.key = rotated
	status, out := c.refresh(refresh)
	wantRefused(t, "too early to tell", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	w.forward(time.Minute)
	if status, out := c.refresh(refresh); status != http.StatusOK || h.count(keysPath) != 2 {
		t.Errorf("%d %v, fetched %d times", status, out, h.count(keysPath))
	}
	w.forward(time.Minute)
	forger := *c
	forger.key = tokentest.NewKey(t, jose.RS256, "made up")
	status, out = forger.refresh(refresh)
	wantRefused(t, "forged", status, out, http.StatusUnauthorized, "invalid_client")
	for range 5 {
		if status, _ := forger.refresh(refresh); status == http.StatusOK {
			t.Error("forged")
		}
	}
	if n := h.count(keysPath); n != 3 {
		t.Errorf("fetched %d times", n)
	}
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("the client itself meanwhile: %d %v", status, out)
	}
}

func TestDocumentIsReadForItsKeysOnceAMinute(t *testing.T) {
	w := newWorld(t).alone()
	c, h := w.signs(singularMethods)
	h.change(func(h *host) { h.control = "no-store" })
	refresh := c.login()
	if status, out := c.refresh(refresh); status != http.StatusOK { // this one also asks whether it is still there
		t.Fatalf("%d %v", status, out)
	}
	path := strings.TrimPrefix(documentID, "https://app.example")
	before := h.count(path)
	for range 5 {
		_, _ = c.refresh(refresh)
	}
	if n := h.count(path); n != before {
		t.Errorf("read %d times more within a minute", n-before)
	}
	moved := tokentest.NewKey(t, jose.ES256, "moved")
	h.change(func(h *host) { h.document = documentWith(singularMethods + `,"jwks":` + string(jwks(t, moved))) })
	w.forward(time.Minute)
	if c.key = moved; h.count(path) != before {
		t.Fatal("read by nobody")
	}
	if status, out := c.refresh(refresh); status != http.StatusOK || h.count(path) != before+1 {
		t.Errorf("%d %v, read %d times more", status, out, h.count(path)-before)
	}
}

// Whoever has a login can name any client in an assertion, and the document of each would be asked
// for.
func TestUnknownClientsOfAssertionsAreCountedByAddress(t *testing.T) {
	w := newWorld(t).alone()
	c, h := w.signs(singularMethods)
	refresh := c.login()
	w.limiter.refuse.Store(authserver.LimitToken)
	for i := range 5 {
		other := fmt.Sprintf("https://app.example/other-%d", i)
		status, out := c.refresh(refresh, "client_id", "", "client_assertion", c.sign("iss", other, "sub", other))
		wantRefused(t, "beyond the limit", status, out, http.StatusTooManyRequests, "temporarily_unavailable")
		if n := h.count(fmt.Sprintf("/other-%d", i)); n != 0 {
			t.Errorf("its document was asked for %d times", n)
		}
	}
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("a client that is known: %d %v", status, out)
	}
}

func TestUnverifiedAssertionIsJunk(t *testing.T) {
	book := &ledger{}
	w := newWorld(t, func(o *authserver.Options) { o.Limiter = book }).alone()
	c, _ := w.signs(singularMethods)
	refresh := c.login()
	forged := tokentest.NewKey(t, jose.RS256, "key-1").Sign(t, c.claims(), tokentest.WithHeader("typ", "JWT"))
	book.take()
	_, _ = c.refresh(refresh, "client_assertion", forged)
	_, _ = c.revoke(refresh, "client_assertion", forged)
	for _, entry := range book.take() {
		if !strings.HasPrefix(entry, "token of 127.0.0.1") {
			t.Errorf("it is counted as %s", entry)
		}
	}
	_, _ = c.refresh(refresh)
	if entries := book.take(); len(entries) != 1 || !strings.HasPrefix(entries[0], "grant of ") {
		t.Errorf("a good one is counted as %s", entries)
	}
}

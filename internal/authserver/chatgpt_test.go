package authserver_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// chatGPT is a host with a document and keys as ChatGPT publishes them. An answer of 0 is the page
// itself.
type chatGPT struct {
	mu                     sync.Mutex
	id                     string
	page, keys             []byte
	pageAnswer, keysAnswer int
	keysFetched            int
}

func (h *chatGPT) fetch(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, answer := h.page, h.pageAnswer
	switch r.URL.String() {
	case h.id:
	case "https://chatgpt.com/oauth/jwks.json":
		h.keysFetched++
		body, answer = h.keys, h.keysAnswer
	default:
		answer = http.StatusNotFound
	}
	if answer != 0 {
		return hostAnswers(answer, "<p>Are you a robot?</p>")(r)
	}
	return serves(string(body), "Cache-Control", "max-age=60")(r)
}

func (h *chatGPT) answer(page, keys int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pageAnswer, h.keysAnswer = page, keys
}

// asChatGPT is a world with ChatGPT in one of the two shapes of its document.
func asChatGPT(t *testing.T, name string, change ...func(*authserver.Options)) (*world, *signer, *chatGPT) {
	t.Helper()
	w, p, k := newWorld(t, change...), readPublished(t, name), tokentest.NewKey(t, jose.RS256, "key-1")
	h := &chatGPT{id: p.ID, page: p.raw, keys: jwks(t, k)}
	w.fetch = h.fetch
	return w, &signer{
		program: &program{w: w, id: p.ID, redirect: realClients[name], verifier: oauth2.GenerateVerifier()}, key: k, jtis: &atomic.Int64{}, send: true,
	}, h
}

func TestChatGPTGoesOnUntilItsDocumentIsWithdrawn(t *testing.T) {
	for name, mustSign := range map[string]bool{"chatgpt-connector": false, "chatgpt-connector-older": true} {
		t.Run(name, func(t *testing.T) {
			w, c, h := asChatGPT(t, name)
			both := w.replicas
			w.replicas = both[:1]
			c.send = mustSign // else it has not proven itself yet
			unproven := c.login()
			c.send = true
			proven := c.login()
			refresh := func(what, token string) string {
				t.Helper()
				status, out := c.refresh(token)
				if status != http.StatusOK {
					t.Fatalf("%s: %d %v", what, status, out)
				}
				return out["refresh_token"].(string)
			}
			proven = refresh("while all is there", proven)

			h.answer(http.StatusForbidden, 0)
			w.forward(11 * time.Minute)
			proven = refresh("its page is blocked", proven)
			status, out := c.program.refresh(proven)
			wantRefused(t, "blocked, without the assertion", status, out, http.StatusUnauthorized, "invalid_client")
			w.replicas = both[1:] // one that has fetched nothing has what was kept
			proven = refresh("its page is blocked, another replica", proven)
			if !strings.Contains(w.log.String(), "serves=kept") {
				t.Errorf("log: %s", &w.log)
			}

			h.answer(http.StatusForbidden, http.StatusForbidden)
			proven = refresh("its keys are blocked and known", proven)
			known := c.key
			c.key = tokentest.NewKey(t, jose.RS256, "key-2")
			status, out = c.refresh(proven)
			wantRefused(t, "its keys are blocked and this one is not known", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
			c.key = known
			w.forward(25 * time.Hour)
			status, out = c.refresh(proven)
			wantRefused(t, "its keys are blocked for a day", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
			status, out = c.program.refresh(unproven)
			if mustSign {
				wantRefused(t, "unproven", status, out, http.StatusUnauthorized, "invalid_client")
			} else if status != http.StatusOK {
				t.Errorf("it was agreed that it need not sign: %d %v", status, out)
			}
			h.answer(http.StatusForbidden, 0)
			w.forward(time.Minute)
			proven = refresh("its keys are back", proven)
			h.answer(0, 0)
			w.forward(time.Minute)
			proven = refresh("all is back", proven)

			h.answer(http.StatusNotFound, http.StatusForbidden)
			w.forward(11 * time.Minute)
			for _, w.replicas = range [][]*http.ServeMux{both[:1], both[1:]} {
				status, out = c.refresh(proven)
				wantRefused(t, "withdrawn", status, out, http.StatusUnauthorized, "invalid_client")
				c.key = tokentest.NewKey(t, jose.RS256, "key-3")
				status, out = c.refresh(proven)
				wantRefused(t, "withdrawn, with another key", status, out, http.StatusUnauthorized, "invalid_client")
				c.key = known
			}
			h.answer(0, 0)
			w.forward(time.Minute)
			refresh("it was a mistake of its host", proven)
		})
	}
}

// What is built in has no keys: who signs has to wait, and is not refused.
func TestChatGPTSignsInWhileItsDocumentIsBlocked(t *testing.T) {
	for name := range map[string]bool{"chatgpt": true, "chatgpt-connector": true} {
		var w *world
		w, c, h := asChatGPT(t, name, keptOn(&w, &shelf{}))
		w.alone()
		h.answer(http.StatusForbidden, 0)
		code := c.code()
		status, out := c.redeem(code)
		wantRefused(t, "an assertion", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
		if h.keysFetched != 0 {
			t.Error("keys that no document names were fetched")
		}
		status, out = c.program.redeem(code)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", name, status, out)
		}
		h.answer(0, 0)
		w.forward(2 * time.Minute)
		if status, out = c.refresh(out["refresh_token"].(string)); status != http.StatusOK {
			t.Fatalf("%s, when it is back: %d %v", name, status, out)
		}
		// What is built in does not take the place of keys that are known.
		refresh := out["refresh_token"].(string)
		h.answer(http.StatusForbidden, http.StatusForbidden)
		w.forward(2 * time.Minute)
		if status, out = c.refresh(refresh); status != http.StatusOK {
			t.Errorf("%s, blocked again with nothing kept: %d %v", name, status, out)
		}
		status, out = c.program.refresh(refresh, "client_assertion", tokentest.NewKey(t, jose.RS256, "key-1").Sign(t, c.claims(), tokentest.WithHeader("typ", "JWT")))
		wantRefused(t, "forged", status, out, http.StatusUnauthorized, "invalid_client")
	}
}

// Keys inside a document are kept with it.
func TestKeysInADocumentAreKeptWithIt(t *testing.T) {
	w := newWorld(t)
	k := tokentest.NewKey(t, jose.ES256, "k")
	w.fetch = serves(documentWith(singularMethods + `,"token_endpoint_auth_signing_alg":"ES256","jwks":` + string(jwks(t, k))))
	c := &signer{
		program: &program{w: w, id: documentID, redirect: webRedirect, verifier: oauth2.GenerateVerifier()}, key: k, jtis: &atomic.Int64{}, send: true,
	}
	both := w.replicas
	w.replicas = both[:1]
	refresh := c.login()
	w.replicas = both[1:]
	w.fetch = hostAnswers(http.StatusForbidden, "")
	c.key = tokentest.NewKey(t, jose.ES256, "k")
	status, out := c.refresh(refresh)
	wantRefused(t, "another key", status, out, http.StatusUnauthorized, "invalid_client")
	c.key = tokentest.NewKey(t, jose.RS256, "k")
	status, out = c.refresh(refresh)
	wantRefused(t, "another algorithm", status, out, http.StatusUnauthorized, "invalid_client")
	c.key = k
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
}

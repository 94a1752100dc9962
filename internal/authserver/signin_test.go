package authserver_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// again is a sign-in that comes to nothing the first time.
type again struct {
	authserver.SignIn
	finished atomic.Int64
}

func (a *again) Finish(ctx context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	if a.finished.Add(1) == 1 {
		return authserver.Person{}, fmt.Errorf("%w: without a scope", authserver.ErrBeginAgain)
	}
	return a.SignIn.Finish(ctx, answer, keep)
}

func TestASignInThatBeginsAgainKeepsWhatWasApproved(t *testing.T) {
	var signIn *again
	w := newWorld(t, func(o *authserver.Options) {
		if signIn == nil {
			signIn = &again{SignIn: o.SignIn}
		}
		o.SignIn = signIn
	})
	c := w.program(localRedirect)
	access, _ := c.tokens(w.browser())
	if status, body := w.call(access); status != http.StatusOK || !strings.Contains(body, "#ann") {
		t.Errorf("%d %s", status, body)
	}
	if n := signIn.finished.Load(); n != 2 {
		t.Errorf("the provider was gone to %d times", n)
	}
}

func TestAnEndedSignInIsInvalidGrantAndSaysSo(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	access, refresh := c.tokens(w.browser())
	w.provider.set("", nil, fmt.Errorf("%w: a secret cause", authserver.ErrSignInOver))
	status, out := c.refresh(refresh)
	wantRefused(t, "over", status, out, http.StatusBadRequest, "invalid_grant")
	if text, _ := out["error_description"].(string); !strings.Contains(text, "identity provider") || strings.Contains(text, "secret") {
		t.Errorf("%q", text)
	}
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("the access token: %d", status)
	}
}

func TestRefreshIsCheckedWithTheStoredClaims(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	w.provider.mu.Lock()
	defer w.provider.mu.Unlock()
	if len(w.provider.asked) != 1 {
		t.Fatalf("asked %d times", len(w.provider.asked))
	}
	p := w.provider.asked[0]
	if p.Grant == "" || p.Since.IsZero() || string(p.Upstream) != "upstream of ann" || p.Subject != "https://id.example#ann" {
		t.Errorf("%+v", p)
	}
}

// garbled has what it keeps sealed by somebody else.
type garbled struct {
	session.Records
	on atomic.Bool
}

func (g *garbled) Get(ctx context.Context, name string) ([]byte, bool, error) {
	value, found, err := g.Records.Get(ctx, name)
	if found && g.on.Load() {
		value = []byte("sealed by somebody else")
	}
	return value, found, err
}

func TestAProvidersPartThatDoesNotOpenLosesNothing(t *testing.T) {
	store := embedded.Open(redisstore.Options{})
	defer func() { _ = store.Close() }()
	up := &garbled{Records: store.ProviderStates()}
	w := newWorld(t, func(o *authserver.Options) {
		ring := must(seal.New(bytes.Repeat([]byte("s"), 32)))
		o.Grants = must(grant.NewGrants(grant.Options{
			Records: store.Grants(), Upstream: up, Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"), Now: o.Now,
		}))
	})
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	up.on.Store(true)
	status, out := c.refresh(refresh)
	wantRefused(t, "sealed by somebody else", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	if !strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("told as %s", w.log.String())
	}
	up.on.Store(false)
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("afterwards %d %v", status, out)
	}
}

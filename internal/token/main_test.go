package token_test

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const endpoint = "https://mcp.example.com/mcp"

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an issuer, a clock and a verifier.
type world struct {
	*clock
	issuer *tokentest.Issuer
	*token.External
}

func newWorld(t testing.TB, change ...func(*token.ExternalOptions)) *world {
	t.Helper()
	w := &world{clock: newClock(), issuer: tokentest.NewIssuer(t)}
	opts := token.ExternalOptions{Issuers: []string{w.issuer.URL}, HTTPClient: w.issuer.Client(), Now: w.Now}
	for _, c := range change {
		c(&opts)
	}
	var err error
	if w.External, err = token.NewExternal(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	return w
}

// claims are those of a good token, changed: a nil value takes a claim out.
func (w *world) claims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": w.issuer.URL, "sub": "ann", "aud": endpoint, "client_id": "some-client",
		"scope": "messages:read messages:send",
		"iat":   w.Now().Unix(), "exp": w.Now().Add(5 * time.Minute).Unix(), "jti": "1",
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (w *world) good() string { return w.issuer.Sign(w.claims(nil)) }

func (w *world) accepts(t testing.TB, raw string) token.Token {
	t.Helper()
	tok, err := w.Verify(t.Context(), raw, endpoint)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return tok
}

func (w *world) refuses(t testing.TB, raw string, want token.Reason) {
	t.Helper()
	tok, err := w.Verify(t.Context(), raw, endpoint)
	var refused *token.InvalidError
	if !errors.As(err, &refused) {
		t.Fatalf("%+v, %v; want a refusal", tok, err)
	}
	if refused.Reason != want {
		t.Errorf("reason %q, want %q", refused.Reason, want)
	}
	if !errors.Is(err, token.ErrInvalid) || errors.Is(err, token.ErrUnavailable) {
		t.Errorf("%v is not ErrInvalid alone", err)
	}
	if tok.Caller.Subject != "" {
		t.Errorf("a refused token still says %q", tok.Caller.Subject)
	}
}

// cannotTell gives what operators are told and when to try again.
func (w *world) cannotTell(t testing.TB, raw string) (text string, wait time.Duration) {
	t.Helper()
	_, err := w.Verify(t.Context(), raw, endpoint)
	var unavailable *token.UnavailableError
	if !errors.As(err, &unavailable) || errors.Is(err, token.ErrInvalid) {
		t.Fatalf("%v; want ErrUnavailable", err)
	}
	if !errors.Is(err, token.ErrUnavailable) || fault.Of(err).RetryAfter < time.Second {
		t.Errorf("%v: not ErrUnavailable, or to be tried again after %s", err, fault.Of(err).RetryAfter)
	}
	return unavailable.Error(), fault.Of(err).RetryAfter
}

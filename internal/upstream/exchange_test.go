package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

const exchanges = "/tokenurn:ietf:params:oauth:grant-type:token-exchange"

func newExchange(t testing.TB, s *signedIn, audience string) *Exchange {
	t.Helper()
	e, err := NewExchange(ExchangeOptions{
		Server: s.replicas[0].provider, Audience: audience,
		Subject: s.replicas[0].AccessToken, Renew: s.replicas[0].RenewedAccessToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestATokenIsExchangedOnceUntilItEnds(t *testing.T) {
	s := newSignedIn(t, 1)
	e := newExchange(t, s, "clerk")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if c, err := e.Credential(s.ctx, s.subject); err != nil || c != clerkapi.Bearer("exchanged-2") {
				t.Errorf("not the exchanged token, or an error: %v", err)
			}
		})
	}
	wg.Wait()
	if n := s.asked(exchanges); n != 1 {
		t.Errorf("%d exchanges", n)
	}
	s.pass(5 * time.Minute) // both have ended
	if c, err := e.Credential(s.ctx, s.subject); err != nil || c != clerkapi.Bearer("exchanged-4") {
		t.Errorf("not a new token, or an error: %v", err)
	}
}

func TestAnExchangedTokenThatTheAPIRefusesIsExchangedAgainOnce(t *testing.T) {
	s := newSignedIn(t, 1)
	e := newExchange(t, s, "clerk")
	old, err := e.Credential(s.ctx, s.subject)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if c, err := e.Renewed(s.ctx, s.subject, old); err != nil || c != clerkapi.Bearer("exchanged-3") {
			t.Errorf("not a new token, or an error: %v", err)
		}
	}
}

func TestAnExchangeThatFailsEndsNoGrant(t *testing.T) {
	s := newSignedIn(t, 1)
	if _, err := newExchange(t, s, "unknown").Credential(s.ctx, s.subject); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an audience that the provider does not know: %v", err)
	}
	e := newExchange(t, s, "clerk")
	if _, err := e.Credential(s.ctx, s.subject); err != nil {
		t.Fatal(err)
	}
	s.set(func() { s.status = http.StatusServiceUnavailable })
	s.pass(4*time.Minute + 10*time.Second)
	if _, err := e.Credential(s.ctx, s.subject); err != nil {
		t.Errorf("a token that is still good: %v", err)
	}
	s.pass(time.Minute)
	if _, err := e.Credential(s.ctx, s.subject); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a token that ended: %v", err)
	}
}

func TestAGrantThatIsOverIsNotExchanged(t *testing.T) {
	s := newSignedIn(t, 1)
	s.store.set(func() { s.store.data = nil })
	if _, err := newExchange(t, s, "clerk").Credential(s.ctx, s.subject); !errors.Is(err, ErrGrantOver) {
		t.Error(err)
	}
	if n := s.asked(exchanges); n != 0 {
		t.Errorf("%d exchanges", n)
	}
}

// What ended may be the token alone, or the sign-in behind it: renewing it tells.
func TestATokenThatIsRefusedIsRenewedBeforeTheGrantIsOver(t *testing.T) {
	for _, code := range []string{"invalid_grant", "invalid_request"} { // as many servers say it, and as RFC 8693 §2.2.2 has it
		t.Run(code, func(t *testing.T) {
			s := newSignedIn(t, 1)
			e := newExchange(t, s, "clerk")
			refuseFirst := func(token string) string {
				if token == "access-1" {
					return code
				}
				return ""
			}
			s.set(func() { s.exchange = refuseFirst })
			if c, err := e.Credential(s.ctx, s.subject); err != nil || c != clerkapi.Bearer("exchanged-4") {
				t.Errorf("not a token for the renewed one, or an error: %v", err)
			}
			s.set(func() { s.exchange = func(string) string { return code } })
			want := map[string]error{"invalid_grant": ErrGrantOver, "invalid_request": ErrUnavailable}[code]
			if _, err := e.Renewed(s.ctx, s.subject, clerkapi.Bearer("exchanged-4")); !errors.Is(err, want) {
				t.Errorf("every token refused: %v, want %v", err, want)
			}
			s.set(func() { s.refresh = "ended" })
			if _, err := e.Renewed(s.ctx, s.subject, clerkapi.Bearer("exchanged-4")); !errors.Is(err, ErrGrantOver) {
				t.Errorf("the sign-in ended: %v", err)
			}
		})
	}
}

func TestTokensThatEndedAreForgotten(t *testing.T) {
	s := newSignedIn(t, 1)
	token := ""
	e, err := NewExchange(ExchangeOptions{Server: s.replicas[0].provider, Audience: "clerk",
		Subject: func(context.Context, string) (string, error) { return token, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		token = fmt.Sprint("of a client ", i)
		if _, err := e.Credential(s.ctx, "ann"); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Minute) // each is good for five
	}
	if n := e.kept.Len(); n > 6 {
		t.Errorf("%d tokens are kept", n)
	}
}

func TestAnExchangeNamesWhatIsMissing(t *testing.T) {
	if _, err := NewExchange(ExchangeOptions{}); err == nil {
		t.Error("accepted")
	}
}

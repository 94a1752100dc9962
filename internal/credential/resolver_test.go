package credential

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// source is a source of credentials that counts how often it is asked.
type source struct {
	asked, renewals int
	err             error
}

func (s *source) Credential(context.Context, string) (clerkapi.Credential, error) {
	s.asked++
	return clerkapi.APIKey("first"), s.err
}

func (s *source) Renewed(context.Context, string, clerkapi.Credential) (clerkapi.Credential, error) {
	s.renewals++
	return clerkapi.APIKey("second"), s.err
}

// find does what the endpoint does before the calls of a request.
func find(t *testing.T, p *Resolver) (context.Context, *request.Credential, error) {
	t.Helper()
	found, err := p.Find(t.Context())
	return request.With(t.Context(), &request.Request{Credential: found}), found, err
}

func TestACredentialIsFetchedOnceForARequest(t *testing.T) {
	t.Parallel()
	s := &source{}
	p := NewResolver(Options{Source: s, Logger: slog.New(slog.DiscardHandler)})
	ctx, _, err := find(t, p)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if c, err := p.Credential(ctx, ""); err != nil || c != clerkapi.APIKey("first") {
			t.Errorf("%v %v", c, err)
		}
	}
	if s.asked != 1 {
		t.Errorf("the source was asked %d times", s.asked)
	}
}

// A call that makes several requests goes on with the credential that took the refused one's place.
func TestARenewedCredentialServesTheRestOfTheRequest(t *testing.T) {
	t.Parallel()
	s := &source{}
	p := NewResolver(Options{Source: s, Logger: slog.New(slog.DiscardHandler)})
	ctx, found, err := find(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := p.Renewed(ctx, "", clerkapi.APIKey("first")); err != nil || c != clerkapi.APIKey("second") {
		t.Errorf("renewed: %v %v", c, err)
	}
	if c, err := p.Credential(ctx, ""); err != nil || c != clerkapi.APIKey("second") {
		t.Errorf("afterwards: %v %v", c, err)
	}
	if err := found.Lost(); err != nil {
		t.Errorf("it counts as lost: %v", err)
	}
}

func TestALackThatIsTheCallsOwnIsLeftToIt(t *testing.T) {
	t.Parallel()
	own := errors.New("another reason")
	s := &source{err: own}
	p := NewResolver(Options{Source: s, Logger: slog.New(slog.DiscardHandler)})
	ctx, found, err := find(t, p)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if _, err := p.Credential(ctx, ""); !errors.Is(err, own) || s.asked != 1 {
		t.Errorf("the call hears %v, the source was asked %d times", err, s.asked)
	}
	if _, err := p.Renewed(ctx, "", clerkapi.APIKey("first")); !errors.Is(err, own) || found.Lost() != nil {
		t.Errorf("renewing: %v, lost: %v", err, found.Lost())
	}
}

package gateway

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// unavailableWait is when to come back after [upstream.ErrUnavailable].
const unavailableWait = 2 * time.Second

// resolver finds the credentials of callers who signed in: for the endpoint before their calls begin, and for the tools what
// was found then. It turns the end of a sign-in into a challenge, and what cannot be reached into a wait.
type resolver struct {
	source   mcpadapter.Credentials
	resource *resource.Server
	// revoke ends a grant of ours for all replicas; nil where grants are somebody else's.
	revoke func(ctx context.Context, grant string) error
	// keyPage is where people enter their own key.
	keyPage string
	logger  *slog.Logger
}

// prepare puts a source of credentials behind a login.
func (g *Gateway) prepare(source mcpadapter.Credentials) *resolver {
	p := &resolver{source: source, resource: g.resource, keyPage: issuerURL(&g.cfg).String() + authserver.AccountKeyPath, logger: g.logger}
	if g.login != nil {
		p.revoke = g.login.grants.Revoke
	}
	return p
}

// Find is of [endpoint.Credentials].
func (p *resolver) Find(ctx context.Context) (*request.Credential, error) {
	credential, err := p.source.Credential(ctx, request.From(ctx).Caller.Subject)
	err = p.withoutSignIn(ctx, err)
	if refusal := p.refusal(ctx, err); refusal != nil {
		return nil, refusal
	}
	return request.NewCredential(credential, err), nil
}

// Credential is of [mcpadapter.Credentials].
func (p *resolver) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	if found := request.From(ctx).Credential; found != nil {
		return found.Get()
	}
	return p.source.Credential(ctx, subject)
}

// Renewed is of [mcpadapter.Renewer].
func (p *resolver) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	renewer, ok := p.source.(mcpadapter.Renewer)
	if !ok {
		return clerkapi.Credential{}, clerkapi.ErrNoCredential
	}
	credential, err := renewer.Renewed(ctx, subject, refused)
	err = p.withoutSignIn(ctx, err)
	refusal := p.refusal(ctx, err)
	switch found := request.From(ctx).Credential; {
	case found == nil:
	case err == nil:
		found.Renew(credential) // for what the call still has to do
	default:
		found.Lose(refusal)
	}
	return credential, err
}

// withoutSignIn is for callers who have no sign-in to repeat: their client would come back with another token and find the same. They
// are told in the call where the person can enter what is missing.
func (p *resolver) withoutSignIn(ctx context.Context, err error) error {
	if errors.Is(err, upstream.ErrGrantOver) && request.From(ctx).Caller.Direct {
		return noKeyYet{p.keyPage}
	}
	return err
}

// noKeyYet is a [clerkapi.ErrNoCredential] that a person can mend on a page.
type noKeyYet struct{ page string }

func (noKeyYet) Error() string { return "gateway: no key of the person's own" }

// Is makes it a [clerkapi.ErrNoCredential].
func (noKeyYet) Is(target error) bool { return target == clerkapi.ErrNoCredential }

// PublicText is for the model, and for the person it speaks to.
func (e noKeyYet) PublicText() string {
	return "No Clerk Chat API key of this person is known here. The person has to open " + e.page + " in a browser, sign in and enter it; " +
		"after that the same call can be made."
}

// refusal is the one translation of the errors of credentials into answers over HTTP; nil for one that is the call's own.
func (p *resolver) refusal(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, upstream.ErrGrantOver):
		// Else a client that has a refresh token would come back with another access token of the same grant.
		if p.revoke != nil {
			if err := p.revoke(context.WithoutCancel(ctx), request.From(ctx).Caller.Grant); err != nil {
				p.logger.WarnContext(ctx, "a grant that is over could not be ended", "error", err)
			}
		}
		p.logger.InfoContext(ctx, "a sign-in is over; the caller is asked to sign in again")
		reason := "the sign-in has ended; sign in again"
		var public interface{ PublicText() string }
		if errors.As(err, &public) {
			reason = public.PublicText()
		}
		return p.resource.Challenge(ctx, reason)
	case errors.Is(err, upstream.ErrUnavailable):
		if ctx.Err() == nil { // else the client went away while waiting
			level := slog.LevelWarn
			if errors.Is(err, upstream.ErrUnreadable) { // it does not pass by itself
				level = slog.LevelError
			}
			p.logger.Log(ctx, level, "a credential for the REST API could not be had", "error", err)
		}
		return retryLater{err}
	}
	return nil
}

// retryLater makes the endpoint answer 503.
type retryLater struct{ error }

func (retryLater) RetryAfter() time.Duration { return unavailableWait }

func (e retryLater) Unwrap() error { return e.error }

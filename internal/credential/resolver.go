package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// unavailableWait is when to come back after [upstream.ErrUnavailable].
const unavailableWait = 2 * time.Second

// Options configure a [Resolver].
type Options struct {
	// Source has the credentials of callers. Required. One that is a [mcpadapter.Renewer] is asked
	// for another one after the REST API refused the first.
	Source mcpadapter.Credentials
	// Challenge is the answer to a caller who has to sign in again, such as that of
	// [resource.Server.Challenge]. Required.
	Challenge func(ctx context.Context, reason string) error
	// Revoke ends a grant of ours for all replicas; nil where grants are somebody else's.
	Revoke func(ctx context.Context, grant string) error
	// KeyPage is where people enter their own key.
	KeyPage string
	// Logger for what goes wrong. Required.
	Logger *slog.Logger
}

// Resolver finds the credentials of callers who signed in: for the endpoint before their calls
// begin, and for the tools what was found then. It turns the end of a sign-in into a challenge, and
// what cannot be reached into a wait.
type Resolver struct{ opts Options }

// NewResolver puts a source of credentials behind a login.
func NewResolver(opts Options) *Resolver { return &Resolver{opts} }

// Find is of [endpoint.Credentials].
func (p *Resolver) Find(ctx context.Context) (*request.Credential, error) {
	credential, err := p.opts.Source.Credential(ctx, request.From(ctx).Caller.Subject)
	err = p.withoutSignIn(ctx, err)
	if refusal := p.refusal(ctx, err); refusal != nil {
		return nil, refusal
	}
	return request.NewCredential(credential, err), nil
}

// Credential is of [mcpadapter.Credentials].
func (p *Resolver) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	if found := request.From(ctx).Credential; found != nil {
		return found.Get()
	}
	return p.opts.Source.Credential(ctx, subject)
}

// Renewed is of [mcpadapter.Renewer].
func (p *Resolver) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	renewer, ok := p.opts.Source.(mcpadapter.Renewer)
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

// withoutSignIn is for callers who have no sign-in to repeat: their client would come back with
// another token and find the same. They are told in the call where the person can enter what is
// missing.
func (p *Resolver) withoutSignIn(ctx context.Context, err error) error {
	if errors.Is(err, upstream.ErrGrantOver) && request.From(ctx).Caller.Direct {
		return &fault.Error{
			Kind: fault.NoCredential, Cause: errNoKeyYet,
			Public: "No Clerk Chat API key of this person is known here. The person has to open " + p.opts.KeyPage + " in a browser, sign in " +
				"and enter it; after that the same call can be made.",
		}
	}
	return err
}

// errNoKeyYet is for what a person can mend on a page.
var errNoKeyYet = fmt.Errorf("credential: no key of the person's own: %w", clerkapi.ErrNoCredential)

// refusal is the one translation of the errors of credentials into answers over HTTP; nil for one
// that is the call's own.
func (p *Resolver) refusal(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, upstream.ErrGrantOver):
		// Else a client that has a refresh token would come back with another access token of the
		// same grant.
		if p.opts.Revoke != nil {
			if err := p.opts.Revoke(context.WithoutCancel(ctx), request.From(ctx).Caller.Grant); err != nil {
				p.opts.Logger.WarnContext(ctx, "a grant that is over could not be ended", "error", err)
			}
		}
		p.opts.Logger.InfoContext(ctx, "a sign-in is over; the caller is asked to sign in again")
		return p.opts.Challenge(ctx, cmp.Or(fault.Of(err).Public, "the sign-in has ended; sign in again"))
	case errors.Is(err, upstream.ErrUnavailable):
		if ctx.Err() == nil { // else the client went away while waiting
			level := slog.LevelWarn
			if errors.Is(err, upstream.ErrUnreadable) { // it does not pass by itself
				level = slog.LevelError
			}
			p.opts.Logger.Log(ctx, level, "the credential for the REST API is unavailable", "error", err)
		}
		return Unavailable(err)
	}
	return nil
}

// Unavailable makes the endpoint answer 503 to what could not be found out.
func Unavailable(err error) error {
	return &fault.Error{Kind: fault.Unavailable, RetryAfter: unavailableWait, Cause: err}
}

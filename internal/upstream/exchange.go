package upstream

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Token exchange (RFC 8693): a token of the caller for one whose audience is the REST API.

// TokenServer is whose token endpoint exchanges tokens: a [Provider] or an [AuthorizationServer].
type TokenServer interface {
	// exchange asks the token endpoint once. Its errors are those of tokenClient.redeem.
	exchange(ctx context.Context, form url.Values) (*tokens, error)
	now() time.Time
}

// ExchangeOptions configure an [Exchange]. Server, Subject and one of Audience and Resource are
// required.
type ExchangeOptions struct {
	Server TokenServer
	// Subject gives the caller's token, such as [Login.AccessToken]. It is sent to the token
	// endpoint only.
	Subject func(ctx context.Context, subject string) (token string, err error)
	// Renew gives another one after the server refused it, such as [Login.RenewedAccessToken].
	// Default: there is none.
	Renew func(ctx context.Context, subject, refused string) (token string, err error)
	// Audience and Resource name the API to the server (RFC 8693 §2.1); Scope is what is asked for
	// there.
	Audience, Resource, Scope string
}

// Exchange turns the caller's token into one whose audience is the REST API (RFC 8693). It keeps
// what it got in memory, until shortly before it ends, and may be used by many goroutines at once.
type Exchange struct {
	opts    ExchangeOptions
	kept    *lru.Cache[string, exchanged] // by digest of the subject and its token
	flights flight.Group[exchanged]
}

type exchanged struct {
	token string
	renew time.Time // when another one is needed
	end   time.Time
}

// good reports whether it can be used and is not the one refused.
func (x exchanged) good(refused clerkapi.Credential, now time.Time) bool {
	return x.differs(refused) && now.Before(x.renew)
}

func (x exchanged) differs(refused clerkapi.Credential) bool {
	return refused.IsZero() || clerkapi.Bearer(x.token) != refused
}

// unknownLife is for tokens of which the provider did not say how long they live.
const unknownLife = time.Minute

// NewExchange names every option that is missing.
func NewExchange(opts ExchangeOptions) (*Exchange, error) {
	var problems []error
	if opts.Server == nil || opts.Subject == nil {
		problems = append(problems, errors.New("upstream: an exchange needs a server and a subject's token"))
	}
	if opts.Audience == "" && opts.Resource == "" {
		problems = append(problems, errors.New("upstream: say for which audience or resource tokens are exchanged"))
	}
	return &Exchange{opts: opts, kept: newRecent[exchanged]()}, errors.Join(problems...)
}

// Credential is a token for the API. Errors are those of the subject's token, [ErrGrantOver] if the
// provider refuses to exchange it, and [ErrUnavailable].
func (e *Exchange) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	return e.credential(ctx, subject, clerkapi.Credential{})
}

// Renewed is asked after the REST API refused a credential with 401.
func (e *Exchange) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	return e.credential(ctx, subject, refused)
}

func (e *Exchange) credential(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	token, err := e.opts.Subject(ctx, subject)
	if err != nil {
		return clerkapi.Credential{}, err
	}
	c, err := e.exchanged(ctx, subject, token, refused)
	if e.opts.Renew != nil && (errors.Is(err, errInvalidGrant) || errors.Is(err, errInvalidRequest)) {
		// What ended may be the token alone. Whoever renews it learns whether the sign-in behind it
		// did.
		if token, err = e.opts.Renew(ctx, subject, token); err != nil {
			return clerkapi.Credential{}, err
		}
		c, err = e.exchanged(ctx, subject, token, refused)
	}
	switch {
	case errors.Is(err, errInvalidGrant):
		return clerkapi.Credential{}, ErrGrantOver
	case err != nil && !errors.Is(err, ErrUnavailable): // such as a wrong audience, which says nothing about the person
		return clerkapi.Credential{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return c, err
}

// exchanged gives what is kept for a subject's token if it is good and not the one refused, else
// what one of all who ask at the same time gets for it.
func (e *Exchange) exchanged(ctx context.Context, subject, token string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	sum := sha256.Sum256([]byte(subject + "\x00" + token))
	key := string(sum[:])
	for {
		kept, _ := e.kept.Get(key)
		now := e.opts.Server.now()
		if kept.good(refused, now) {
			return clerkapi.Bearer(kept.token), nil
		}
		f, mine := e.flights.Join(key, func() (exchanged, error) {
			if kept, _ := e.kept.Get(key); kept.good(refused, now) { // somebody else was faster
				return kept, nil
			}
			return e.ask(context.WithoutCancel(ctx), key, token)
		})
		got, err := f.Wait(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return clerkapi.Credential{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		case errors.Is(err, ErrUnavailable) && kept.differs(refused) && now.Before(kept.end):
			return clerkapi.Bearer(kept.token), nil
		case err != nil:
			return clerkapi.Credential{}, err
		case mine || got.differs(refused): // else it was asked for by who had another one refused
			return clerkapi.Bearer(got.token), nil
		}
	}
}

// ask exchanges a token and keeps what it gets.
func (e *Exchange) ask(ctx context.Context, key, token string) (exchanged, error) {
	const accessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // the name of a kind
	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":        {token},
		"subject_token_type":   {accessToken},
		"requested_token_type": {accessToken},
	}
	for name, value := range map[string]string{
		"audience": e.opts.Audience, "resource": e.opts.Resource, "scope": e.opts.Scope,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	now := e.opts.Server.now()
	got, err := e.opts.Server.exchange(ctx, form)
	if err != nil {
		return exchanged{}, err
	}
	life := unknownLife
	if got.ExpiresIn > 0 {
		life = time.Duration(got.ExpiresIn) * time.Second
	}
	x := exchanged{token: got.Access, end: now.Add(life)}
	x.renew = x.end.Add(-min(time.Minute, life/5))
	e.kept.Add(key, x)
	for { // what ended is of no use, and still a secret
		other, oldest, ok := e.kept.GetOldest()
		if !ok || now.Before(oldest.end) {
			return x, nil
		}
		e.kept.Remove(other)
	}
}

func (p *Provider) exchange(ctx context.Context, form url.Values) (*tokens, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	return p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, form)
}

func (p *Provider) now() time.Time { return p.opts.Now() }

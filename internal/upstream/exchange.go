package upstream

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// TokenServer is whose token endpoint exchanges tokens: a [Provider] or an [AuthorizationServer].
type TokenServer interface {
	// exchange asks the token endpoint once. Its errors are those of tokenClient.redeem.
	exchange(ctx context.Context, form url.Values) (*tokens, error)
	now() time.Time
}

// ExchangeOptions configure an [Exchange]. Server, Subject and one of Audience and Resource are required.
type ExchangeOptions struct {
	Server TokenServer
	// Subject gives the caller's token, such as [Login.AccessToken]. It is sent to the token endpoint only.
	Subject func(ctx context.Context, subject string) (token string, err error)
	// Renew gives another one after the server refused it, such as [Login.RenewedAccessToken]. Default: there is none.
	Renew func(ctx context.Context, subject, refused string) (token string, err error)
	// Audience and Resource name the API to the server (RFC 8693 §2.1); Scope is what is asked for there.
	Audience, Resource, Scope string
}

// Exchange turns the caller's token into one whose audience is the REST API (RFC 8693). It keeps what it got in memory,
// until shortly before it ends, and may be used by many goroutines at once.
type Exchange struct {
	opts ExchangeOptions

	mu    sync.Mutex
	kept  map[[32]byte]*exchanged
	swept time.Time
}

type exchanged struct {
	turn  chan struct{} // whoever has the one element exchanges
	token string
	renew time.Time // when another one is needed
	end   time.Time
}

const (
	maxExchanged = 10_000
	// unknownLife is for tokens of which the provider did not say how long they live.
	unknownLife = time.Minute
)

// NewExchange names every option that is missing.
func NewExchange(opts ExchangeOptions) (*Exchange, error) {
	var problems []error
	if opts.Server == nil || opts.Subject == nil {
		problems = append(problems, errors.New("upstream: an exchange needs a server and a subject's token"))
	}
	if opts.Audience == "" && opts.Resource == "" {
		problems = append(problems, errors.New("upstream: say for which audience or resource tokens are exchanged"))
	}
	return &Exchange{opts: opts, kept: map[[32]byte]*exchanged{}}, errors.Join(problems...)
}

// Credential is a token for the API. Errors are those of the subject's token, [ErrGrantOver] if the provider refuses to
// exchange it, and [ErrUnavailable].
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
		// What ended may be the token alone. Whoever renews it learns whether the sign-in behind it did.
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

// exchanged gives what is kept for a subject's token if it is good and not the one refused, else asks for another.
func (e *Exchange) exchanged(ctx context.Context, subject, token string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	x := e.of(sha256.Sum256([]byte(subject + "\x00" + token)))
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return clerkapi.Credential{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	now := e.opts.Server.now()
	current := clerkapi.Bearer(x.token)
	again := refused.IsZero() || current != refused
	if again && now.Before(x.renew) {
		return current, nil
	}
	got, err := e.ask(ctx, token)
	if err != nil {
		if again && errors.Is(err, ErrUnavailable) && now.Before(x.end) {
			return current, nil
		}
		return clerkapi.Credential{}, err
	}
	life := unknownLife
	if got.ExpiresIn > 0 {
		life = time.Duration(got.ExpiresIn) * time.Second
	}
	e.mu.Lock()
	defer e.mu.Unlock() // x.end is read by those who make room
	x.token, x.end = got.Access, now.Add(life)
	x.renew = x.end.Add(-min(time.Minute, life/5))
	return clerkapi.Bearer(x.token), nil
}

// of is the place of a subject's token. Those that ended are forgotten once a minute; when there are too many, any are.
func (e *Exchange) of(key [32]byte) *exchanged {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.opts.Server.now()
	if !now.Before(e.swept.Add(time.Minute)) {
		e.swept = now
		for other, x := range e.kept {
			if len(x.turn) == 0 && !now.Before(x.end) { // nobody is about to fill it
				delete(e.kept, other)
			}
		}
	}
	if x := e.kept[key]; x != nil {
		return x
	}
	for other := range e.kept {
		if len(e.kept) < maxExchanged {
			break
		}
		delete(e.kept, other)
	}
	x := &exchanged{turn: make(chan struct{}, 1)}
	e.kept[key] = x
	return x
}

func (e *Exchange) ask(ctx context.Context, token string) (*tokens, error) {
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
	return e.opts.Server.exchange(ctx, form)
}

func (p *Provider) exchange(ctx context.Context, form url.Values) (*tokens, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	return p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, form)
}

func (p *Provider) now() time.Time { return p.opts.Now() }

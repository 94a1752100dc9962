package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Store keeps what belongs to the provider behind grants, sealed. [session.Upstreams] is one. An error means that the
// store cannot tell or cannot write now; that something is not there is never an error.
type Store interface {
	// Lease makes the caller the only one who changes a grant's data, until release or for ttl.
	Lease(ctx context.Context, grant string, ttl time.Duration) (release func(context.Context), held bool, err error)
	// Load gives what is kept for a grant, and its version.
	Load(ctx context.Context, grant string) (data []byte, version uint64, found bool, err error)
	// Save replaces what is kept for a grant if its version still is the one given.
	Save(ctx context.Context, grant string, version uint64, data []byte) (saved bool, err error)
}

// Login finds the access token that the gateway got when the person signed in, and renews it before it ends. It may be
// used by many goroutines at once.
type Login struct {
	provider *Provider
	store    Store

	mu      sync.Mutex
	flights map[string]*flight
	known   recent[state] // by grant
}

// flight is a renewal under way in this process.
type flight struct {
	done  chan struct{}
	state *state
	err   error
}

const (
	waitTime   = 100 * time.Millisecond
	renewLimit = leaseTime + 15*time.Second
)

// NewLogin finds access tokens in a store, where the provider's sign-ins were put.
func NewLogin(provider *Provider, store Store) (*Login, error) {
	if provider == nil || store == nil || !provider.opts.KeepTokens {
		return nil, errors.New("upstream: give a provider that keeps its tokens, and a store")
	}
	return &Login{
		provider: provider, store: store, flights: map[string]*flight{},
	}, nil
}

// Credential is the access token of the caller's grant. Errors are [ErrGrantOver] and [ErrUnavailable].
func (l *Login) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	s, err := l.current(ctx, subject)
	if err != nil {
		return clerkapi.Credential{}, err
	}
	return clerkapi.Bearer(s.Access), nil
}

// Renewed is asked after the REST API refused a credential with 401: it gives another one, unless the provider does.
func (l *Login) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	s, err := l.renewed(ctx, subject, func(s *state) bool { return clerkapi.Bearer(s.Access) == refused })
	if err != nil {
		return clerkapi.Credential{}, err
	}
	return clerkapi.Bearer(s.Access), nil
}

// AccessToken is the access token of the caller's grant, as the subject of an [Exchange]. Errors are [ErrGrantOver] and
// [ErrUnavailable].
func (l *Login) AccessToken(ctx context.Context, subject string) (string, error) {
	s, err := l.current(ctx, subject)
	if err != nil {
		return "", err
	}
	return s.Access, nil
}

// RenewedAccessToken is another one than the one that was refused. Errors are those of AccessToken.
func (l *Login) RenewedAccessToken(ctx context.Context, subject, refused string) (string, error) {
	s, err := l.renewed(ctx, subject, func(s *state) bool { return s.Access == refused })
	if err != nil {
		return "", err
	}
	return s.Access, nil
}

// current is the state of the caller's grant, with an access token that may be used.
func (l *Login) current(ctx context.Context, subject string) (*state, error) {
	now := l.provider.opts.Now()
	grant := identity.CallerFrom(ctx).Grant
	s, _, err := l.load(ctx, grant, subject)
	if errors.Is(err, ErrUnavailable) {
		if known := l.known.get(grant); known != nil && known.Subject == subject && known.usable(now) {
			return known, nil
		}
		return nil, err
	}
	if err != nil || s.fresh(now) {
		return s, err
	}
	got, err := l.renewed(ctx, subject, func(s *state) bool { return !s.fresh(l.provider.opts.Now()) })
	if errors.Is(err, ErrUnavailable) && s.usable(l.provider.opts.Now()) {
		return s, nil
	}
	return got, err
}

// renewed gives a state that is not stale any more. Callers of this process share one renewal, which goes on when one
// of them goes away.
func (l *Login) renewed(ctx context.Context, subject string, stale func(*state) bool) (*state, error) {
	grant := identity.CallerFrom(ctx).Grant
	for {
		f, mine := l.flight(ctx, grant, subject, stale)
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
		// Somebody else's renewal may have been for another reason, and have found nothing to do.
		if mine || f.err != nil || !stale(f.state) {
			return f.state, f.err
		}
	}
}

// flight joins the renewal under way or starts one.
func (l *Login) flight(ctx context.Context, grant, subject string, stale func(*state) bool) (f *flight, mine bool) {
	key := grant + "\x00" + subject
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.flights[key]; f != nil {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	l.flights[key] = f
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewLimit)
		defer cancel()
		f.state, f.err = l.renew(ctx, grant, subject, stale)
		l.mu.Lock()
		delete(l.flights, key)
		l.mu.Unlock()
		close(f.done)
	}()
	return f, true
}

// renew waits for the lease or for what its holder stores, whichever comes first.
func (l *Login) renew(ctx context.Context, grant, subject string, stale func(*state) bool) (*state, error) {
	for {
		s, _, err := l.load(ctx, grant, subject)
		if err != nil || !stale(s) {
			return s, err
		}
		release, held, err := l.store.Lease(ctx, grant, leaseTime)
		if err != nil {
			return nil, fmt.Errorf("%w: the store gives no lease", ErrUnavailable)
		}
		if held {
			s, err := l.renewHeld(ctx, grant, subject, stale)
			release(context.WithoutCancel(ctx))
			return s, err
		}
		timer := time.NewTimer(waitTime)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: another replica renews", ErrUnavailable)
		}
	}
}

// renewHeld renews under the lease: what was stored before it was had may be old.
func (l *Login) renewHeld(ctx context.Context, grant, subject string, stale func(*state) bool) (*state, error) {
	s, version, err := l.load(ctx, grant, subject)
	if err != nil || !stale(s) {
		return s, err
	}
	next := *s
	switch err := l.provider.renew(ctx, &next); {
	case errors.Is(err, ErrGrantOver):
		next.Over, next.Access, next.Refresh = true, "", ""
	case err != nil:
		return nil, err
	}
	data, err := next.encode()
	if err != nil {
		return nil, errState
	}
	// The provider's answer may be the only copy of a token that works, so the store is asked more than once.
	saved, err := l.store.Save(ctx, grant, version, data)
	for try := 0; err != nil && try < 2; try++ {
		saved, err = l.store.Save(ctx, grant, version, data)
	}
	switch {
	case err != nil && next.Over:
		return nil, fmt.Errorf("%w: the store does not take the end of a grant", ErrUnavailable)
	case err != nil:
		l.known.put(grant, &next) // good until it ends, and then the grant is over
		return &next, nil         //nolint:nilerr // the tokens are good, and only this process has them
	case !saved: // somebody else wrote, or the grant ended: theirs counts
		got, _, err := l.load(ctx, grant, subject)
		return got, err
	case next.Over:
		return nil, ErrGrantOver
	}
	l.known.put(grant, &next)
	return &next, nil
}

// load reads what is stored. Its errors are [ErrGrantOver] and [ErrUnavailable].
func (l *Login) load(ctx context.Context, grant, subject string) (*state, uint64, error) {
	if grant == "" {
		return nil, 0, ErrGrantOver
	}
	data, version, found, err := l.store.Load(ctx, grant)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: the store does not answer", ErrUnavailable)
	}
	if !found {
		l.known.drop(grant)
		return nil, 0, ErrGrantOver
	}
	s, err := decodeState(data)
	if err != nil || s.Subject != subject || s.Over || s.Access == "" {
		l.known.drop(grant)
		return nil, 0, ErrGrantOver
	}
	l.known.put(grant, s)
	return s, version, nil
}

// renew asks the provider for new tokens, once, and changes s. Errors are [ErrGrantOver] and [ErrUnavailable].
func (p *Provider) renew(ctx context.Context, s *state) error {
	if s.Refresh == "" {
		return ErrGrantOver
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return err
	}
	got, err := p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.Refresh},
	})
	switch {
	case errors.Is(err, errInvalidGrant):
		return ErrGrantOver
	case errors.Is(err, ErrUnavailable):
		return err
	case err != nil: // such as a wrong client secret, which is no word about the grant
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.take(got, p.opts.Now())
	if got.IDToken == "" {
		return nil
	}
	claims, err := p.verify(ctx, m, got, "")
	switch {
	case errors.Is(err, ErrUnavailable):
		return nil // the tokens are good; what is known of the person stays
	case err != nil || p.subject(claims) != s.Subject: // OpenID Connect Core §12.2
		return ErrGrantOver
	}
	fresh := &state{Claims: claims}
	err = p.admit(ctx, m, fresh, got.Access)
	if err == nil || errors.Is(err, ErrNotAllowed) {
		s.Claims, s.UserInfo = fresh.Claims, fresh.UserInfo
	}
	if errors.Is(err, ErrNotAllowed) {
		return ErrGrantOver
	}
	return nil
}

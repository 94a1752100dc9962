package upstream

import (
	"context"
	"errors"
	"fmt"
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
// used by many goroutines at once. Close ends it.
type Login struct {
	provider *Provider
	store    Store

	known  recent[state]     // by grant: what the store last said
	paused recent[time.Time] // by grant: until when a provider that failed is not asked again

	mu      sync.Mutex
	flights map[string]*flight
	unsaved map[string]*unsaved // by grant
	closed  bool
	closing chan struct{}
	work    sync.WaitGroup
}

// NewLogin finds access tokens in a store, where the provider's sign-ins were put.
func NewLogin(provider *Provider, store Store) (*Login, error) {
	if provider == nil || store == nil || !provider.opts.KeepTokens {
		return nil, errors.New("upstream: give a provider that keeps its tokens, and a store")
	}
	return &Login{
		provider: provider, store: store,
		flights: map[string]*flight{}, unsaved: map[string]*unsaved{}, closing: make(chan struct{}),
	}, nil
}

// Close waits for what the provider is answering to be stored, since that may be the only copy of a token that works. When
// ctx ends first, the error is its own. There are no renewals after it.
func (l *Login) Close(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
	}
	l.mu.Unlock()
	done := make(chan struct{})
	go func() { l.work.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// current is the state of the caller's grant, with an access token that may be used. While there is one nobody waits for
// another: a renewal that is due runs beside the calls.
func (l *Login) current(ctx context.Context, subject string) (*state, error) {
	grant := identity.CallerFrom(ctx).Grant
	s, _, err := l.load(ctx, grant, subject)
	if errors.Is(err, ErrUnavailable) {
		if known := l.known.get(grant); known != nil && known.Subject == subject && known.usable(l.now()) {
			return known, nil
		}
		return nil, err
	}
	stale := func(s *state) bool { return !s.fresh(l.now()) }
	switch {
	case err != nil || !stale(s):
		return s, err
	case !s.usable(l.now()):
		return l.renewed(ctx, subject, stale)
	}
	l.join(ctx, grant, subject, stale)
	return s, nil
}

func (l *Login) now() time.Time { return l.provider.opts.Now() }

// load reads what is stored, or what is to be stored in its place. Its errors are [ErrGrantOver] and [ErrUnavailable].
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
	if s := l.unsavedSince(grant, version); s != nil && s.Subject == subject {
		return s, version, nil
	}
	s, err := decodeState(data)
	if err != nil || s.Subject != subject || s.Over || s.Access == "" {
		l.known.drop(grant)
		return nil, 0, ErrGrantOver
	}
	l.known.put(grant, s)
	return s, version, nil
}

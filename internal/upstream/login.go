package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Store keeps what belongs to the provider behind grants, sealed. [grant.ProviderStates] is one. An
// error means that the store cannot tell or cannot write now; that something is not there is never
// an error.
type Store interface {
	// Lease makes the caller the only one who changes a grant's data, until release or for ttl.
	Lease(ctx context.Context, grant string, ttl time.Duration) (release func(context.Context), held bool, err error)
	// Load gives what is kept for a grant, and its version.
	Load(ctx context.Context, grant string) (data []byte, version uint64, found bool, err error)
	// Save replaces what is kept for a grant if its version still is the one given.
	Save(ctx context.Context, grant string, version uint64, data []byte) (saved bool, err error)
	// Pause notes for all replicas, for a while, that the provider was asked about a grant in vain;
	// Paused finds the note.
	Pause(ctx context.Context, grant string, d time.Duration) error
	Paused(ctx context.Context, grant string) (bool, error)
}

// LoginOptions configure a [Login]. Provider and Store are required.
type LoginOptions struct {
	Provider *Provider
	Store    Store
	// Patient is the same store for what no call waits for. Default: Store.
	Patient Store
	// Recheck is how old the last yes about a person may be before the provider is asked again.
	// Default: 15 minutes.
	Recheck time.Duration
	// MaxAge is how old it may become while nobody can tell. Default: 30 days.
	MaxAge time.Duration
	// Room reports whether the deployment has room for one more question now; it counts those for
	// which there is. Default: there always is.
	Room func(ctx context.Context) bool
	// End ends a grant on all replicas. Default: nothing does, but what is kept for the grant says
	// that it is over.
	End func(ctx context.Context, grant string) error
	// OnCheck is told what came of a question. It must not block. Default: nobody.
	OnCheck func(ctx context.Context, c Check)
}

// Login knows what belongs to the provider behind grants: whether the people may still come in
// ([Login.Look] and [Login.StillAllowed]), and the access token that the gateway got when they
// signed in, which it renews before it ends. It may be used by many goroutines at once. Close ends
// it.
type Login struct {
	opts     LoginOptions
	provider *Provider
	store    Store

	known   *lru.Cache[string, *reading]   // by grant: what the store last said, for when it is down
	paused  *lru.Cache[string, time.Time]  // by grant: until when a provider that failed is not asked for tokens again
	unasked *lru.Cache[string, checkPause] // by grant: until when it is not asked about the person again

	flights flight.Group[*state]
	mu      sync.Mutex
	unsaved map[string]*pendingSave // by grant
	closing chan struct{}
	close   func() // closing, and nothing is begun after it
	work    sync.WaitGroup
}

// maxRecent is how many grants or people something is remembered of.
const maxRecent = 10_000

func newRecent[T any]() *lru.Cache[string, T] {
	recent, _ := lru.New[string, T](maxRecent) // only sizes below 1 are an error
	return recent
}

// NewLogin looks after sign-ins in a store, where the provider's sign-ins were put.
func NewLogin(opts LoginOptions) (*Login, error) {
	if opts.Provider == nil || opts.Store == nil {
		return nil, errors.New("upstream: give a provider, and a store")
	}
	if opts.Patient == nil {
		opts.Patient = opts.Store
	}
	if opts.Recheck == 0 {
		opts.Recheck = 15 * time.Minute
	}
	if opts.MaxAge == 0 {
		opts.MaxAge = 30 * 24 * time.Hour
	}
	if opts.Room == nil {
		opts.Room = func(context.Context) bool { return true }
	}
	if opts.End == nil {
		opts.End = func(context.Context, string) error { return nil }
	}
	if opts.OnCheck == nil {
		opts.OnCheck = func(context.Context, Check) {}
	}
	l := &Login{
		opts: opts, provider: opts.Provider, store: opts.Store,
		known: newRecent[*reading](), paused: newRecent[time.Time](), unasked: newRecent[checkPause](),
		unsaved: map[string]*pendingSave{}, closing: make(chan struct{}),
	}
	l.close = sync.OnceFunc(func() { l.flights.Close(errStopping); close(l.closing) })
	l.flights.Go = l.work.Go // so that Close waits for what is under way
	return l, nil
}

// Close waits for what the provider is answering to be stored, since that may be the only copy of a
// token that works. When ctx ends first, the error is its own. There are no renewals after it.
func (l *Login) Close(ctx context.Context) error {
	l.close()
	done := make(chan struct{})
	go func() { l.work.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Credential is the access token of the caller's grant. Errors are [ErrGrantOver] and
// [ErrUnavailable].
func (l *Login) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	s, err := l.current(ctx, subject)
	if err != nil {
		return clerkapi.Credential{}, err
	}
	return clerkapi.Bearer(s.Access), nil
}

// Renewed is asked after the REST API refused a credential with 401: it gives another one, unless
// the provider does.
func (l *Login) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	s, err := l.renewed(ctx, subject, func(s *state) bool { return clerkapi.Bearer(s.Access) == refused })
	if err != nil {
		return clerkapi.Credential{}, err
	}
	return clerkapi.Bearer(s.Access), nil
}

// AccessToken is the access token of the caller's grant, as the subject of an [Exchange]. Errors
// are [ErrGrantOver] and [ErrUnavailable].
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

// current is the state of the caller's grant, with an access token that may be used. While there is
// one nobody waits for another: a renewal that is due runs beside the calls.
func (l *Login) current(ctx context.Context, subject string) (*state, error) {
	grant := request.From(ctx).Caller.Grant
	s, _, err := l.load(ctx, grant, subject)
	if errors.Is(err, ErrUnavailable) {
		known, _ := l.known.Get(grant)
		if !errors.Is(err, ErrUnreadable) && known != nil && known.state.Subject == subject && known.state.usable(l.now()) {
			return known.state, nil
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
	l.joinRenewal(ctx, grant, subject, stale)
	return s, nil
}

func (l *Login) now() time.Time { return l.provider.opts.Now() }

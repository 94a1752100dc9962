package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

var (
	// ErrNoGrant says that nothing stands behind a code, a refresh token or the id of a grant: it
	// is forged, too old, or the store lost it.
	ErrNoGrant = errors.New("no such grant")
	// ErrUnreadable says that the record of a grant is there and does not open: it was sealed with
	// a secret that this process does not have, or by a later release. It is an ErrUnavailable,
	// since it may open elsewhere or later: nobody loses a grant for it, and nothing is done by it.
	// Marks of revoked grants can be read in every format.
	ErrUnreadable = errors.New("the grant cannot be opened")
	// ErrRevoked says that a grant was ended before its time.
	ErrRevoked = errors.New("grant revoked")
	// ErrReplayed says that a code or an old refresh token was used again. The grant is revoked by
	// then. See [ReuseError].
	ErrReplayed = errors.New("used again, grant revoked")
	// ErrMismatch says that a code was presented by whom it was not made for. The grant is revoked
	// by then.
	ErrMismatch = errors.New("presented by another client, with another redirect or without its verifier; grant revoked")
)

// UnconfirmedError says that the store cannot tell now whether a grant stands, and that this
// process does not know it to be revoked. It matches [session.ErrUnavailable].
type UnconfirmedError struct {
	// LastSeen is when this process last saw the grant stand, zero if it never did.
	LastSeen time.Time

	cause error
}

func (e *UnconfirmedError) Error() string { return e.cause.Error() }

func (e *UnconfirmedError) Unwrap() error { return e.cause }

// Grant is what a person allowed a client. It begins with a code, lives on in a family of refresh
// tokens, and every access token names it.
type Grant struct {
	// ID is 22 letters, digits, "-" and "_".
	ID string `json:"-"`
	// Subject, Name and Email say who the person is.
	Subject string `json:"sub"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	// ClientID and ClientName say which program it is; the id may be a [ClientRef].
	ClientID   string `json:"client"`
	ClientName string `json:"client_name,omitempty"`
	// Resource is where its tokens are good.
	Resource string `json:"resource"`
	// Scopes are what the person allowed.
	Scopes []string `json:"scopes"`
	// Born is when it began.
	Born time.Time `json:"born"`
	// AuthMethods are the ways in which its client may prove who it is at the token endpoint, as
	// agreed when the person consented. It is empty for a grant of before this was kept.
	AuthMethods []string `json:"auth,omitempty"`
	// Proven says that its client has signed an assertion for it, which it has to do from then on.
	Proven bool `json:"proven,omitempty"`
	// Until is when it ends at the latest, if that is sooner than any grant does: it has no refresh
	// token, see [Grants.Direct].
	Until time.Time `json:"until,omitzero"`
}

// Binding is what ties a code to the request that it answers.
type Binding struct {
	// RedirectURI is where the code is sent.
	RedirectURI string `json:"redirect"`
	// Challenge is the digest of the verifier that only the client knows (RFC 7636 §4.2, S256).
	Challenge string `json:"challenge"`
}

// Signer makes and checks keyed digests of 32 bytes.
type Signer interface {
	session.Digester
	Verify(data, sum []byte) bool
}

// Options make a Grants.
type Options struct {
	// Records keeps grants, Upstream what belongs to the provider behind them.
	Records, Upstream session.Records
	// Assertions remembers which assertions of clients were used; see [Grants.UseAssertion].
	// Without it none can be.
	Assertions session.Records
	// Sealer must be bound to a purpose of its own.
	Sealer session.Sealer
	// Signer makes refresh tokens. It must be bound to a purpose of its own.
	Signer Signer
	// Cache is what this process knows of the grants while the store is away; one of its own if
	// nil.
	Cache *Cache
	// PersonDigests are the digests of a subject under each of the secrets, the first of which
	// sessions are marked with (see [session.Options].Digest). It is for operators; without it
	// [Entry] has none.
	PersonDigests func(subject []byte) [][]byte
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// StoreTime is the clock of the server that keeps a grant, by which all replicas judge codes
	// and refresh tokens; Now if nil.
	StoreTime func(ctx context.Context, id string) (time.Time, error)
	// CodeLife is how long a code may wait; one minute if zero.
	CodeLife time.Duration
	// AccessLife is the longest that an access token lives; one hour if zero.
	AccessLife time.Duration
	// Grace is for how long a refresh token that was replaced may come again, and a family is
	// rotated no more than once; 10 minutes if zero, rounded up to seconds. It must be at most half
	// of AccessLife, so that reuse is noticed.
	Grace time.Duration
	// Idle is how long an unused grant lives; 30 days if zero.
	Idle time.Duration
	// MaxAge is how long any grant lives; 365 days if zero.
	MaxAge time.Duration
}

// Grants are the grants of all replicas. They may be used by many goroutines at once.
type Grants struct {
	opts     Options
	upstream *ProviderStates
	// came is when the request came that these are for, zero for none, see [Grants.AsOf].
	came time.Time
}

// NewGrants checks the options and reports all that is wrong at once.
func NewGrants(opts Options) (*Grants, error) {
	var problems []error
	for name, missing := range map[string]bool{
		"Records": opts.Records == nil, "Upstream": opts.Upstream == nil, "Sealer": opts.Sealer == nil, "Signer": opts.Signer == nil,
	} {
		if missing {
			problems = append(problems, fmt.Errorf("grant: Options.%s is missing", name))
		}
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"CodeLife", &opts.CodeLife, time.Minute},
		{"AccessLife", &opts.AccessLife, time.Hour},
		{"Grace", &opts.Grace, 10 * time.Minute},
		{"Idle", &opts.Idle, 30 * 24 * time.Hour},
		{"MaxAge", &opts.MaxAge, 365 * 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
		if *d.value < time.Second {
			problems = append(problems, fmt.Errorf("grant: Options.%s is %v; give at least a second", d.name, *d.value))
		}
	}
	if opts.Grace > opts.AccessLife/2 {
		problems = append(problems, fmt.Errorf("grant: Options.Grace is %v; give at most half of AccessLife, which is %v", opts.Grace, opts.AccessLife))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Cache == nil {
		opts.Cache = NewCache()
	}
	opts.Grace = (opts.Grace + time.Second - 1).Truncate(time.Second) // records count seconds
	upstream := &ProviderStates{records: opts.Upstream, sealer: opts.Sealer, life: opts.Idle}
	return &Grants{opts: opts, upstream: upstream}, nil
}

// ProviderStates gives what belongs to the provider behind the grants.
func (g *Grants) ProviderStates() *ProviderStates { return g.upstream }

// End is when a grant ends whatever is done with it.
func (g *Grants) End(grant Grant) time.Time {
	end := grant.Born.Add(g.opts.MaxAge)
	if !grant.Until.IsZero() && grant.Until.Before(end) {
		return grant.Until
	}
	return end
}

// ttl is how long a living grant is kept from now on.
func (g *Grants) ttl(grant Grant) time.Duration {
	now := g.opts.Now()
	if now.Before(grant.Born) { // by the clock of another replica
		now = grant.Born
	}
	return min(g.opts.Idle, g.End(grant).Sub(now))
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", session.ErrUnavailable, err) }

package grant

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// ErrNoAuthRequest says that there is no such authorization request: it is forged, took too long,
// was finished before, or the store lost it.
var ErrNoAuthRequest = errors.New("no such authorization request")

// Person is who signed in at the provider.
type Person struct {
	// Subject is the provider's issuer, "#" and its name for the person, at most 255 bytes.
	Subject string `json:"sub"`
	// Name and Email are shown to the person and prove nothing.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// Upstream is secret state of whoever signs people in.
	Upstream []byte `json:"upstream,omitempty"`
}

// AuthRequest is an authorization request under way. Until its person has signed in the browser
// carries it and the store knows nothing of it; from then on it is a record, since it holds what
// the provider gave.
type AuthRequest struct {
	// What the client asked for. ClientID may be its [ClientRef].
	ClientID    string   `json:"client"`
	ClientName  string   `json:"client_name"`
	RedirectURI string   `json:"redirect"`
	State       *string  `json:"state,omitempty"` // nil if the client sent none
	Challenge   string   `json:"challenge"`
	Resource    string   `json:"resource"`
	Asked       []string `json:"asked"`
	// AuthMethods are the ways of proving itself that the client and this server have in common,
	// see [Grant].
	AuthMethods []string `json:"auth,omitempty"`
	// Scopes are what was approved of it.
	Scopes []string `json:"scopes"`
	// Browser marks the browser that approved; the request goes on in no other.
	Browser string `json:"browser"`
	// Known marks the person that the browser's session named when the request began; "" for
	// nobody.
	Known string `json:"known,omitempty"`
	// Keep is secret state of the sign-in under way. A record has none.
	Keep []byte `json:"keep,omitempty"`
	// Person has signed in, and is asked whether the approval is theirs or for their key; nil
	// before.
	Person *Person `json:"person,omitempty"`
	// Linking says that the person is asked for their key.
	Linking bool `json:"linking,omitempty"`
}

// AuthRequests are the authorization requests of all replicas, each of which is finished once. They
// may be used by many goroutines at once.
type AuthRequests struct {
	records session.Records
	sealer  session.Sealer
	life    time.Duration
}

var errAuthRequestUnreadable = errors.New("the authorization request cannot be opened")

// authRequestUsed stands where a record was whose request is finished.
var authRequestUsed = []byte{0}

// NewAuthRequests makes authorization requests that wait for life, such as 10 minutes. The sealer
// must be bound to a purpose of its own.
func NewAuthRequests(records session.Records, sealer session.Sealer, life time.Duration) (*AuthRequests, error) {
	if records == nil || sealer == nil || life < time.Second {
		return nil, errors.New("grant: authorization requests need records, a sealer and a life of at least a second")
	}
	return &AuthRequests{records: records, sealer: sealer, life: life}, nil
}

// Life is how long a request waits.
func (a *AuthRequests) Life() time.Duration { return a.life }

// handleName hides a handle: whoever reads the store cannot go on with a request.
func handleName(kind, handle string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + handle))
	return encoding.EncodeToString(sum[:16])
}

func authRequestAAD(name string) []byte { return []byte("authorization request\x00" + name) }

// Store keeps a request whose person has signed in, under a handle that nobody can guess. The only
// error is ErrUnavailable, but for content that is not JSON.
func (a *AuthRequests) Store(ctx context.Context, handle string, x *AuthRequest) error {
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	name := handleName("stored", handle)
	added, err := a.records.SetNX(ctx, name, a.sealer.Seal(data, authRequestAAD(name)), a.life)
	if err != nil {
		return unavailable(err)
	}
	if !added {
		return ErrNoAuthRequest
	}
	return nil
}

// Open reads a stored request and gives what finishes it, which succeeds once on all replicas
// together. So what speaks against an answer can be found out before it uses the request up. Errors
// of both: ErrNoAuthRequest and ErrUnavailable.
func (a *AuthRequests) Open(ctx context.Context, handle string) (x *AuthRequest, finish func(context.Context) error, err error) {
	name := handleName("stored", handle)
	raw, found, err := a.records.Get(ctx, name)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	if !found || bytes.Equal(raw, authRequestUsed) {
		return nil, nil, ErrNoAuthRequest
	}
	data, err := a.sealer.Open(raw, authRequestAAD(name))
	x = &AuthRequest{}
	if err != nil || json.Unmarshal(data, x) != nil { // a replica with another secret, or of a later release, can go on with it
		return nil, nil, unavailable(errAuthRequestUnreadable)
	}
	return x, func(ctx context.Context) error {
		switch done, err := a.records.CompareAndSwap(ctx, name, raw, authRequestUsed, a.life); {
		case err != nil:
			return unavailable(err)
		case !done:
			return ErrNoAuthRequest
		}
		return nil
	}, nil
}

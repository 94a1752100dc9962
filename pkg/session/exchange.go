package session

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"
)

// ErrNoExchange says that there is no such exchange: it is forged, took too long, was finished before, or the store lost it.
var ErrNoExchange = errors.New("no such exchange")

// Person is who signed in at the provider.
type Person struct {
	Subject  string `json:"sub"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Upstream []byte `json:"upstream,omitempty"`
}

// Exchange is an authorization request on its way: the browser is at the provider, or back and asked once more.
type Exchange struct {
	// What the client asked for.
	ClientID    string   `json:"client"`
	ClientName  string   `json:"client_name"`
	RedirectURI string   `json:"redirect"`
	State       *string  `json:"state,omitempty"` // nil if the client sent none
	Challenge   string   `json:"challenge"`
	Resource    string   `json:"resource"`
	Asked       []string `json:"asked"`
	// Scopes are what was approved of it.
	Scopes []string `json:"scopes"`
	// Browser marks the browser that approved; the exchange goes on in no other.
	Browser string `json:"browser"`
	// Known is the subject that the browser's session named when the exchange began; "" for nobody.
	Known string `json:"known,omitempty"`
	// Keep is secret state of the sign-in under way.
	Keep []byte `json:"keep,omitempty"`
	// Person has signed in, and is asked whether the approval is theirs or for their key; nil before.
	Person *Person `json:"person,omitempty"`
	// Linking says that the person is asked for their key.
	Linking bool `json:"linking,omitempty"`
}

// Exchanges are the exchanges of all replicas, each of which is finished once. They may be used by many goroutines at once.
type Exchanges struct {
	records Records
	sealer  Sealer
	life    time.Duration
}

// exchangeUsed stands where a finished exchange was.
var exchangeUsed = []byte{0}

// NewExchanges makes exchanges that wait for life, such as 10 minutes. The sealer must be bound to a purpose of its own.
func NewExchanges(records Records, sealer Sealer, life time.Duration) (*Exchanges, error) {
	if records == nil || sealer == nil || life < time.Second {
		return nil, errors.New("session: exchanges need records, a sealer and a life of at least a second")
	}
	return &Exchanges{records: records, sealer: sealer, life: life}, nil
}

// Life is how long an exchange waits.
func (e *Exchanges) Life() time.Duration { return e.life }

// exchangeName hides the handle: whoever reads the store cannot go on with an exchange.
func exchangeName(handle string) string {
	sum := sha256.Sum256([]byte("exchange\x00" + handle))
	return encoding.EncodeToString(sum[:16])
}

func exchangeAAD(name string) []byte { return []byte("exchange\x00" + name) }

// Begin stores an exchange under a handle that nobody can guess. The only error is ErrUnavailable, but for content that is
// no JSON.
func (e *Exchanges) Begin(ctx context.Context, handle string, x *Exchange) error {
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	name := exchangeName(handle)
	added, err := e.records.Add(ctx, name, e.sealer.Seal(data, exchangeAAD(name)), e.life)
	if err != nil {
		return unavailable(err)
	}
	if !added {
		return ErrNoExchange
	}
	return nil
}

// Open reads an exchange and gives what finishes it, which succeeds once on all replicas together. So what speaks against
// an answer can be found out before it uses the exchange up. Errors of both: ErrNoExchange and ErrUnavailable.
func (e *Exchanges) Open(ctx context.Context, handle string) (x *Exchange, finish func(context.Context) error, err error) {
	name := exchangeName(handle)
	raw, found, err := e.records.Get(ctx, name)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	if !found {
		return nil, nil, ErrNoExchange
	}
	data, err := e.sealer.Open(raw, exchangeAAD(name))
	x = &Exchange{}
	if err != nil || json.Unmarshal(data, x) != nil {
		return nil, nil, ErrNoExchange // used, or not ours
	}
	return x, func(ctx context.Context) error {
		switch done, err := e.records.Replace(ctx, name, raw, exchangeUsed, e.life); {
		case err != nil:
			return unavailable(err)
		case !done:
			return ErrNoExchange
		}
		return nil
	}, nil
}

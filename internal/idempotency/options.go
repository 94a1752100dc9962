package idempotency

import (
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Records are the values of names. An error means that an operation may or may not have happened.
type Records = session.Values

// Digester names things by digests that only who has the secret can make. The first of several is
// under the secret that is in use; the others are under those that were, or will be.
type Digester interface {
	Digests(data []byte) [][]byte
}

// Options configure a [Guard]. The stores, Sealer and Digester are required.
type Options struct {
	// Operations has a record for each key, Queues who is in flight of a tenant and fingerprint,
	// Fingerprints the open attempts of each fingerprint, Claims which attempt made what, Replicas
	// the heartbeat of each process, and Epoch one value that tells data loss from a new store.
	Operations, Queues, Fingerprints, Claims, Replicas, Epoch Records

	// Sealer keeps values from who reads the store.
	Sealer   session.Sealer
	Digester Digester

	// Own says that nobody else uses the stores, so that an empty store did not lose data.
	Own bool
	// ExecuteOnOutage executes calls without a key even if the stores cannot be reached. Default:
	// nothing is executed without them.
	ExecuteOnOutage bool
	// ExecuteOnLoss executes calls with a key also after data loss. Default: refused for KeyLife.
	ExecuteOnLoss bool
	// RetryAbsent executes an operation again whose attempt had no answer, if it is repeated under
	// its key and a search finds nothing. That gives up what this package is for.
	RetryAbsent bool

	// KeyLife is how long a key is remembered. Default: 24 h.
	KeyLife time.Duration
	// RetransmissionLife is how long an operation without a key is recognized after its end.
	// Default: 60 s.
	RetransmissionLife time.Duration
	// Attempt is the longest that an attempt may take. After it an owner counts as dead. Default: 2
	// min.
	Attempt time.Duration
	// WaitTime is how long a call waits for another one under its key, QueueTime for its tenant's
	// queue of its fingerprint, TakeoverTime before it takes over a record that is only prepared by
	// a live process, which must be longer than QueueTime. Defaults: 45 s, 15 s, 25 s.
	WaitTime, QueueTime, TakeoverTime time.Duration
	// ReconcileTime is how long an attempt without an answer is searched for. Default: 5 s.
	ReconcileTime time.Duration
	// Margin is how far the clocks of this process and of what is looked at may be apart. Default:
	// 30 s.
	Margin time.Duration
	// Trial is how long one trial may take to write what an attempt came to, the queue of the store
	// included. Default: 10 s.
	Trial time.Duration
	// Heartbeat is the time between two heartbeats, of which five may be lost. Default: 2 s.
	Heartbeat time.Duration

	// Now is the clock. Default: [time.Now].
	Now func() time.Time
	// OnLoss is called when data loss is detected. Default: nothing.
	OnLoss func()
}

func (o Options) check() (Options, error) {
	for _, missing := range []bool{
		o.Operations == nil, o.Queues == nil, o.Fingerprints == nil, o.Claims == nil, o.Replicas == nil, o.Epoch == nil, o.Sealer == nil,
		o.Digester == nil,
	} {
		if missing {
			return Options{}, errors.New("idempotency: Operations, Queues, Fingerprints, Claims, Replicas, Epoch, Sealer and Digester are required")
		}
	}
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{
		{&o.KeyLife, 24 * time.Hour}, {&o.RetransmissionLife, time.Minute}, {&o.Attempt, 2 * time.Minute}, {&o.WaitTime, 45 * time.Second},
		{&o.QueueTime, 15 * time.Second}, {&o.TakeoverTime, 25 * time.Second}, {&o.ReconcileTime, 5 * time.Second},
		{&o.Margin, 30 * time.Second}, {&o.Heartbeat, 2 * time.Second}, {&o.Trial, tryTime},
	} {
		switch {
		case *d.value < 0:
			return Options{}, errors.New("idempotency: no duration may be negative")
		case *d.value == 0:
			*d.value = d.otherwise
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnLoss == nil {
		o.OnLoss = func() {}
	}
	return o, nil
}

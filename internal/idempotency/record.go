package idempotency

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// The idempotency record: its phases, its sealing and its time to live.

// phase is where a record is on its way.
type phase string

const (
	prepared  phase = "prepared"
	committed phase = "committed"
	done      phase = "done"
	refused   phase = "refused"
	unknown   phase = "unknown"
)

// record is the idempotency record of an operation.
type record struct {
	Phase   phase  `json:"p"`
	Attempt string `json:"a"`
	Replica string `json:"r"`
	Tool    string `json:"t"`
	Digest  []byte `json:"d"`
	// Given is of the arguments as they came; records of versions before have none.
	Given []byte `json:"g,omitempty"`
	// Begun is when it was prepared, then when it was committed.
	Begun time.Time `json:"b"`
	// Answer is of what is done or refused.
	Answer answer `json:"w,omitzero"`
}

// answer is a result, byte by byte: what is replayed is what was answered.
type answer struct {
	Structured []byte `json:"s,omitempty"`
	// Text is not there if it is what is structured.
	Text     []byte `json:"t,omitempty"`
	IsError  bool   `json:"e,omitzero"`
	NoEffect bool   `json:"n,omitzero"`
}

func answerOf(r mcpadapter.Result) answer {
	a := answer{Structured: r.Structured, IsError: r.IsError, NoEffect: r.NoEffect}
	if r.Text != string(r.Structured) {
		a.Text = []byte(r.Text)
	}
	return a
}

func (a answer) result() mcpadapter.Result {
	r := mcpadapter.Result{Structured: a.Structured, Text: string(a.Text), IsError: a.IsError, NoEffect: a.NoEffect}
	if len(a.Text) == 0 {
		r.Text = string(a.Structured)
	}
	return r
}

// sensible tells whether this is a record as they are written.
func (r *record) sensible() bool {
	switch r.Phase {
	case prepared, committed, done, refused, unknown:
		return r.Attempt != ""
	}
	return false
}

// entry is a record as it is in the store.
type entry struct {
	record
	name string
	raw  []byte
	// keyed: its name is a key of the client's.
	keyed bool
	ttl   time.Duration // from each change on

	// queue and open are where this attempt holds its place and where it is noted, as it wrote
	// them; nil before it did.
	queue *queue
	open  *list
	// replaced is the record this attempt replaced, which may already have taken effect.
	replaced *record
}

// beforeAttempt is the record after an attempt that was certainly not made: void, so that nobody
// takes its end for one that they waited for, or what it has taken the place of.
func (e *entry) beforeAttempt() record {
	if e.replaced != nil {
		return *e.replaced
	}
	r := e.record
	r.Phase, r.Answer, r.Attempt = refused, answer{}, rand.Text()
	return r
}

var errUnreadable = errors.New("idempotency: a record cannot be read")

func (m *Guard) seal(name string, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("idempotency: " + err.Error()) // plain values
	}
	return m.opts.Sealer.Seal(b, []byte(name))
}

func (m *Guard) unseal(name string, raw []byte, v any) error {
	b, err := m.opts.Sealer.Open(raw, []byte(name))
	if err != nil || json.Unmarshal(b, v) != nil {
		return errUnreadable
	}
	return nil
}

// refusalLife is how long those who waited for an operation can learn that it was refused.
const refusalLife = 30 * time.Second

// life is how long an entry is kept from a change to a phase on.
func (m *Guard) life(e *entry, p phase) time.Duration {
	switch {
	case p == refused:
		return min(e.ttl, refusalLife)
	case !e.keyed && (p == done || p == unknown):
		return m.opts.RetransmissionLife
	}
	return e.ttl
}

// add makes a record under a name that has none.
func (m *Guard) add(ctx context.Context, e *entry) (added bool, err error) {
	e.raw = m.seal(e.name, e.record)
	return m.opts.Operations.SetNX(ctx, e.name, e.raw, m.life(e, e.Phase))
}

// change is compare-and-set. After an error the entry is as it was before, and the store may have
// the change.
func (m *Guard) change(ctx context.Context, e *entry, r record) (changed bool, err error) {
	raw := m.seal(e.name, r)
	changed, err = m.opts.Operations.CompareAndSwap(ctx, e.name, e.raw, raw, m.life(e, r.Phase))
	if err == nil && changed {
		e.record, e.raw = r, raw
	}
	return changed, err
}

// read gives the record of a name.
func (m *Guard) read(ctx context.Context, name string, like *entry) (e *entry, found bool, err error) {
	raw, found, err := m.opts.Operations.Get(ctx, name)
	if err != nil || !found {
		return nil, false, err
	}
	e = &entry{name: name, raw: raw, keyed: like.keyed, ttl: like.ttl}
	if err := m.unseal(name, raw, &e.record); err != nil || !e.sensible() {
		return nil, false, errUnreadable
	}
	return e, true, nil
}

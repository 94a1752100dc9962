package sessiontest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// ErrLost is what an operation that is made to fail gives. Its text does not tell whether it had
// its effect.
var ErrLost = errors.New("the reply was lost")

// Faults makes operations of stores fail, before their effect or after it. Several stores may share
// one. The zero value makes none fail.
type Faults struct {
	mu   sync.Mutex
	ops  int
	rule func(op int) (before, after bool)
}

// Fail says which operations fail from now on, counted from 1; nil for none.
func (f *Faults) Fail(rule func(op int) (before, after bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops, f.rule = 0, rule
}

// FailAt makes the nth operation from now on fail and no other one; 0 for none.
func (f *Faults) FailAt(n int, after bool) {
	f.Fail(func(op int) (bool, bool) { return op == n && !after, op == n && after })
}

// Down makes every operation fail before its effect.
func (f *Faults) Down() { f.Fail(func(int) (bool, bool) { return true, false }) }

// Ops is how many operations there were since it was said last which fail.
func (f *Faults) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Do counts an operation and has its effect, unless it fails before that.
func (f *Faults) Do(effect func() error) error {
	f.mu.Lock()
	f.ops++
	before, after := false, false
	if f.rule != nil {
		before, after = f.rule(f.ops)
	}
	f.mu.Unlock()
	if before {
		return ErrLost
	}
	if err := effect(); err != nil {
		return err
	}
	if after {
		return ErrLost
	}
	return nil
}

// Faulty are records whose operations fail as the faults say.
type Faulty struct {
	session.Records
	*Faults
}

// Get implements [session.Records].
func (f Faulty) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = f.Do(func() (err error) { value, found, err = f.Records.Get(ctx, name); return err })
	return value, found, err
}

// SetNX implements [session.Records].
func (f Faulty) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	err = f.Do(func() (err error) { added, err = f.Records.SetNX(ctx, name, value, ttl); return err })
	return added, err
}

// CompareAndSwap implements [session.Records].
func (f Faulty) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (replaced bool, err error) {
	err = f.Do(func() (err error) { replaced, err = f.Records.CompareAndSwap(ctx, name, old, value, ttl); return err })
	return replaced, err
}

// GetSet implements [session.Records].
func (f Faulty) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error) {
	err = f.Do(func() (err error) { old, found, err = f.Records.GetSet(ctx, name, value, ttl); return err })
	return old, found, err
}

// Scan implements [session.Records]. It is one operation.
func (f Faulty) Scan(ctx context.Context, prefix string) iter.Seq2[session.Record, error] {
	return func(yield func(session.Record, error) bool) {
		if err := f.Do(func() error { return nil }); err != nil {
			yield(session.Record{}, err)
			return
		}
		f.Records.Scan(ctx, prefix)(yield)
	}
}

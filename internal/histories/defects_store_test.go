package histories_test

import (
	"context"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
)

// overwriting adds a value whether there is one or not.
type overwriting struct{ idempotency.Records }

func (r overwriting) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	_, _, err := r.GetSet(ctx, name, value, ttl)
	return err == nil, err
}

// uncompared replaces a value whatever it is.
type uncompared struct{ idempotency.Records }

func (r uncompared) CompareAndSwap(ctx context.Context, name string, _, value []byte, ttl time.Duration) (bool, error) {
	_, _, err := r.GetSet(ctx, name, value, ttl)
	return err == nil, err
}

// void takes everything and has nothing.
type void struct{ idempotency.Records }

func (void) Get(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

func (void) SetNX(context.Context, string, []byte, time.Duration) (bool, error) { return true, nil }

func (void) CompareAndSwap(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return true, nil
}

// own is a store that a process has for itself, so that it neither loses anything nor hears of
// others.
type own struct {
	mu     sync.Mutex
	values map[string][]byte
}

func newOwn() *own { return &own{values: map[string][]byte{}} }

func (r *own) Get(_ context.Context, name string) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, found := r.values[name]
	return v, found, nil
}

func (r *own) SetNX(_ context.Context, name string, value []byte, _ time.Duration) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := r.values[name]
	if !found {
		r.values[name] = value
	}
	return !found, nil
}

func (r *own) CompareAndSwap(_ context.Context, name string, _, value []byte, _ time.Duration) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values[name] = value
	return true, nil
}

func (r *own) GetSet(_ context.Context, name string, value []byte, _ time.Duration) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, found := r.values[name]
	r.values[name] = value
	return old, found, nil
}

// pulse says of every process that it lives, or of none.
type pulse struct {
	idempotency.Records
	beats bool
}

func (p pulse) Get(context.Context, string) ([]byte, bool, error) { return []byte{1}, p.beats, nil }

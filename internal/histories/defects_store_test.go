package histories_test

import (
	"context"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
)

// overwriting adds a value whether there is one or not.
type overwriting struct{ once.Records }

func (r overwriting) Add(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	_, _, err := r.Swap(ctx, name, value, ttl)
	return err == nil, err
}

// uncompared replaces a value whatever it is.
type uncompared struct{ once.Records }

func (r uncompared) Replace(ctx context.Context, name string, _, value []byte, ttl time.Duration) (bool, error) {
	_, _, err := r.Swap(ctx, name, value, ttl)
	return err == nil, err
}

// void takes everything and has nothing.
type void struct{ once.Records }

func (void) Get(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

func (void) Add(context.Context, string, []byte, time.Duration) (bool, error) { return true, nil }

func (void) Replace(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return true, nil
}

// own is a store that a process has for itself, so that it neither loses anything nor hears of others.
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

func (r *own) Add(_ context.Context, name string, value []byte, _ time.Duration) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := r.values[name]
	if !found {
		r.values[name] = value
	}
	return !found, nil
}

func (r *own) Replace(_ context.Context, name string, _, value []byte, _ time.Duration) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values[name] = value
	return true, nil
}

func (r *own) Swap(_ context.Context, name string, value []byte, _ time.Duration) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, found := r.values[name]
	r.values[name] = value
	return old, found, nil
}

// pulse says of every process that it lives, or of none.
type pulse struct {
	once.Records
	beats bool
}

func (p pulse) Get(context.Context, string) ([]byte, bool, error) { return []byte{1}, p.beats, nil }

package flight

import (
	"context"
	"sync"
	"time"
)

// Flight is something that one caller began and several may wait for.
type Flight[T any] struct {
	// Began is when it began.
	Began time.Time

	done     chan struct{}
	value    T
	err      error
	panicked any
}

// landed is a flight that is over.
func landed[T any](value T, err error) *Flight[T] {
	f := &Flight[T]{Began: time.Now(), done: make(chan struct{}), value: value, err: err}
	close(f.done)
	return f
}

// take runs do, and then after, whatever do came to. A panic is for those who wait, as if they had
// called do themselves.
func (f *Flight[T]) take(do func() (T, error), after func()) {
	defer func() {
		f.panicked = recover()
		after()
		close(f.done)
	}()
	f.value, f.err = do()
}

// Done is closed when it is over.
func (f *Flight[T]) Done() <-chan struct{} { return f.done }

// Result is what it came to, once Done is closed.
func (f *Flight[T]) Result() (T, error) {
	if f.panicked != nil {
		panic(f.panicked)
	}
	return f.value, f.err
}

// Wait gives the result, or the error of a context that ends before.
func (f *Flight[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.Result()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// Group has at most one flight under way for each key. The zero value is ready; it may be used by
// many goroutines at once.
type Group[T any] struct {
	// Go runs a flight. Default: in a goroutine that nobody counts.
	Go func(func())

	mu      sync.Mutex
	flights map[string]*Flight[T]
	closed  error
}

// Close lets nothing begin from now on: that ends in err. What is under way goes on, and may be
// joined.
func (g *Group[T]) Close(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = err
}

// Join joins the flight of a key, or has do begin one. Nobody's context ends it but what do looks
// at.
func (g *Group[T]) Join(key string, do func() (T, error)) (f *Flight[T], mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[key]; f != nil {
		return f, false
	}
	if g.closed != nil {
		var none T
		return landed(none, g.closed), true
	}
	f = &Flight[T]{Began: time.Now(), done: make(chan struct{})}
	if g.flights == nil {
		g.flights = map[string]*Flight[T]{}
	}
	g.flights[key] = f
	run := g.Go
	if run == nil {
		run = func(f func()) { go f() }
	}
	run(func() { f.take(do, func() { g.forget(key) }) })
	return f, true
}

// Has reports whether a flight of a key is under way.
func (g *Group[T]) Has(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.flights[key] != nil
}

func (g *Group[T]) forget(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.flights, key)
}

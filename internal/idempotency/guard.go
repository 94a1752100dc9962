package idempotency

import (
	"crypto/rand"
	"sync"
)

// Guard executes each operation once. It may be used by many goroutines at once.
type Guard struct {
	opts    Options
	replica string // names this process among the replicas

	mu     sync.Mutex
	active map[string]bool // attempts of this process that are under way
	epochs                 // what this process knows of the store's epoch

	backlog backlog
}

// New checks the options. Other replicas know that this one is alive only while [Guard.Run] runs.
func New(o Options) (*Guard, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	m := &Guard{opts: o, replica: rand.Text(), active: map[string]bool{}}
	m.backlog.closed, m.backlog.tryTime = make(chan struct{}), o.Trial
	return m, nil
}

// Close tries once more what is still to be written, and waits for that. An execution that is under
// way goes on, and whatever it could not write is not tried again.
func (m *Guard) Close() error {
	m.backlog.close()
	return nil
}

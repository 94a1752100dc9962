package histories_test

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// newOnce makes what a process keeps from doing things twice with. stop ends what it does in the
// background.
func (w *world) newOnce(p *process, keys *seal.Keyring) (o mcpadapter.Idempotency, stop func()) {
	options := idempotency.Options{
		Operations: p.store.Operations(), Queues: p.store.Queues(), Fingerprints: p.store.Fingerprints(), Claims: p.store.Claims(), Replicas: p.store.Replicas(),
		Epoch: p.store.Epoch(), Sealer: keys.Sealer("once"), Digester: keys.MAC("once"), Now: p.now,
		WaitTime: 20 * time.Second, // shorter than the slowest request, so that some are told that it is under way
	}
	if w.defect.options != nil {
		w.defect.options(&options)
	}
	m, err := idempotency.New(options)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go m.Run(ctx)
	o = m
	if w.defect.once != nil {
		o = w.defect.once(o)
	}
	return o, func() {
		cancel()
		_ = m.Close()
	}
}

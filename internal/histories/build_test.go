package histories_test

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// newOnce makes what a process keeps from doing things twice with. stop ends what it does in the background.
func (w *world) newOnce(p *process, keys *seal.Keyring) (o mcpadapter.Once, stop func()) {
	options := once.Options{
		Works: p.store.Works(), Queues: p.store.Queues(), Likenesses: p.store.Likenesses(), Claims: p.store.Claims(), Replicas: p.store.Replicas(),
		Epoch: p.store.Epoch(), Sealer: keys.Sealer("once"), Digester: keys.MAC("once"), Now: p.now,
		Patience: 20 * time.Second, // shorter than the slowest request, so that some are told that it is under way
	}
	if w.defect.options != nil {
		w.defect.options(&options)
	}
	m, err := once.New(options)
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

package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// unrecognizableWait is how long the log says nothing more of calls that nothing would recognize.
const unrecognizableWait = time.Hour

// unrecognizable says in the log, now and then, that calls that create something come through a
// trusted proxy without anything by which their retransmission would be recognized: the proxy could
// give it. Where there is no proxy nobody but the client could, which the metric counts and the log
// is silent about.
type unrecognizable struct {
	mcpadapter.Observer
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	silent time.Time // until when
}

// Observe is of [mcpadapter.Observer].
func (u *unrecognizable) Observe(ctx context.Context, f mcpadapter.Facts) {
	u.Observer.Observe(ctx, f)
	if f.Unrecognizable && request.From(ctx).Proxied && u.isDue() {
		u.logger.WarnContext(ctx, "a call that creates something came through a trusted proxy without an X-Request-Id, a session or an "+
			"idempotency_key: if it is transmitted again, it is carried out again. Have the proxy set X-Request-Id for each request and keep "+
			"it when it tries one again, or have clients give an idempotency_key", "tool", f.Tool)
	}
}

func (u *unrecognizable) isDue() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	if now.Before(u.silent) {
		return false
	}
	u.silent = now.Add(unrecognizableWait)
	return true
}

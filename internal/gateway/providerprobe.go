package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// probeTime is how long the provider may take to answer at start.
const probeTime = 15 * time.Second

// probeProvider asks the identity provider once for its metadata and keys, beside everything else,
// so that a mistyped setting stands in the log before somebody wants to sign in. A provider that
// does not answer keeps nobody from starting.
func (g *Gateway) probeProvider() {
	if g.login == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	var work sync.WaitGroup
	work.Go(func() {
		defer cancel()
		report, err := g.login.provider.Check(ctx)
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			g.logProvider(ctx, report, err)
		}
	})
	g.closers = append(g.closers, func() error { cancel(); work.Wait(); return nil })
}

// logProvider says what was found, in the words in which a sign-in that fails for it is logged.
func (g *Gateway) logProvider(ctx context.Context, report upstream.ProviderReport, err error) {
	for _, doubt := range report.Doubts {
		g.logger.WarnContext(ctx, "something about the identity provider may keep people from signing in", "reason", doubt)
	}
	if err == nil {
		g.logger.DebugContext(ctx, "the identity provider answers", "issuer", report.Issuer, "keys", report.Keys, "usable_keys", report.UsableKeys)
		return
	}
	attrs := []any{"operator_must_act", upstream.OperatorMustAct(err)}
	if reason := fault.LogReason(err); reason != "" {
		attrs = append(attrs, "reason", reason)
	}
	level := slog.LevelWarn
	if upstream.OperatorMustAct(err) {
		level = slog.LevelError
	}
	g.logger.Log(ctx, level, "nobody can sign in: the identity provider cannot be used", attrs...)
}

package observe

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// One log line for each tool call.

// Calls counts and logs every finished tool call. It is an mcpadapter.Observer.
type Calls struct {
	logger  *slog.Logger
	metrics *Metrics
}

// NewCalls returns an observer that writes to both.
func NewCalls(logger *slog.Logger, metrics *Metrics) *Calls {
	return &Calls{logger: logger, metrics: metrics}
}

// maxClientName is how much of a client's word about itself goes into a line.
const maxClientName = 64

// Observe counts one call and writes one line.
func (c *Calls) Observe(ctx context.Context, f mcpadapter.Facts) {
	outcome := f.Outcome.String()
	c.metrics.calls.WithLabelValues(f.Tool, outcome).Inc()
	c.metrics.duration.WithLabelValues(f.Tool).Observe(f.Duration.Seconds())
	if f.Disposition != mcpadapter.DispositionNone {
		c.metrics.dispositions.WithLabelValues(f.Tool, f.Disposition.String()).Inc()
	}
	if f.Unrecognizable {
		c.metrics.unrecognizable.WithLabelValues(f.Tool).Inc()
	}
	sent := f.Disposition == mcpadapter.DispositionExecuted || f.Disposition == mcpadapter.DispositionReconciled // what is replayed was counted before
	if f.Outcome == mcpadapter.OutcomeOK && sent && f.Recipients > 0 {
		c.metrics.recipients.Add(float64(f.Recipients))
		c.metrics.segments.Add(float64(f.Recipients * f.Segments))
	}
	level := slog.LevelInfo
	if f.Outcome == mcpadapter.OutcomeUnknown || f.Outcome == mcpadapter.OutcomeFailed {
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	client := clientName(request.From(ctx).Client.Name)
	c.logger.LogAttrs(ctx, level, "tool call",
		slog.String("tool", f.Tool), slog.String("outcome", outcome), slog.String("disposition", f.Disposition.String()),
		slog.Int("status", f.Status),
		slog.Int("attempts", f.Attempts), slog.Int("recipients", f.Recipients), slog.Int("segments", f.Segments),
		slog.Duration("took", f.Duration.Round(time.Microsecond)), slog.String("client", client))
}

// clientName is a client's word about itself as far as it is fit for a log: a word of letters,
// digits and a few marks, in which no phone number can stand.
func clientName(name string) string {
	digits := 0
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			if digits++; digits > maxClientDigits {
				return -1
			}
			return r
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune(" -_./", r):
			return r
		}
		return -1
	}, name)
	return clean[:min(len(clean), maxClientName)]
}

// maxClientDigits is enough for a version and too few for a number.
const maxClientDigits = 4

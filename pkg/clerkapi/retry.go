package clerkapi

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Which requests may be retried, a POST above all, and when.

// The wait before attempt n+1 is between half of and all of minWait<<(n-1), at most maxWait; a
// Retry-After of the API comes on top if it is longer.
const (
	minWait = 250 * time.Millisecond
	maxWait = 4 * time.Second
	// Clients told to come back at the same moment are spread over this time.
	retryAfterSpread = 250 * time.Millisecond
)

// checkRetry decides, with everything known about the last attempt, whether there is another one.
// It also fixes the wait before it: one that would not end within the deadline is not begun, so
// that the caller learns what the API said and when to come back, not that time ran out.
func (c *call) checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	if ctx.Err() != nil || c.isOver() || c.attempts >= c.core.maxAttempts || !c.mayRepeat() {
		return false, nil //nolint:nilerr // finish has the errors
	}
	c.wait = c.nextWait()
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= c.wait {
		return false, nil
	}
	c.core.logger.LogAttrs(ctx, slog.LevelDebug, "request is repeated", slog.String("operation", c.op.id),
		slog.Int("attempt", c.attempts), slog.Int("status", c.last.status), slog.Duration("wait", c.wait))
	return true, nil
}

// mayRepeat is the rule that keeps a message from being sent twice: what creates something is
// repeated only if it was certainly not executed. A 503 is no such certainty, since proxies answer
// it after they passed the request on.
func (c *call) mayRepeat() bool {
	a := &c.last
	if a.err != nil {
		var untrusted *tls.CertificateVerificationError
		if errors.As(a.err, &untrusted) {
			return false // nothing changes about that within seconds
		}
		return !a.sent || c.op.idempotent()
	}
	if a.status == http.StatusTooManyRequests {
		return true
	}
	return c.op.idempotent() && (a.status >= 500 || a.status == http.StatusRequestTimeout)
}

func (c *call) nextWait() time.Duration {
	wait := min(minWait<<min(c.attempts-1, 10), maxWait)
	wait = wait/2 + rand.N(wait/2+1)
	if asked := c.retryAfter(); asked > 0 {
		wait = max(wait, asked+rand.N(retryAfterSpread))
	}
	return wait
}

// backoff is the wait that checkRetry decided on.
func (c *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	c.setWaiting(true)
	return c.wait
}

// retryAfter is how long the API asked to wait in its last answer, 0 if it did not.
func (c *call) retryAfter() time.Duration {
	return parseRetryAfter(c.last.header.Get("Retry-After"), c.core.now())
}

// maxRetryAfter bounds what is believed, as RFC 9111 §1.2.2 does for seconds it cannot count.
const maxRetryAfter = (1<<31 - 1) * time.Second

// parseRetryAfter reads seconds or an HTTP date (RFC 9110 §10.2.3); 0 if it is neither, or in the
// past.
func parseRetryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if strings.Trim(s, "0123456789") == "" {
		seconds, err := strconv.ParseInt(s, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}

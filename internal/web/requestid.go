package web

import (
	"context"
	"net/http"
)

// RequestIDHeader carries the request id of an answer, and that of a trusted proxy's request.
const RequestIDHeader = "X-Request-Id"

// RequestID is [Proxies.Identify] where no proxy is trusted.
func RequestID(next http.Handler) http.Handler { return (*Proxies)(nil).Identify(next) }

// RequestIDFrom returns the id of a request, or "".
func RequestIDFrom(ctx context.Context) string { return originOfRequest(ctx).id }

// TrustedRequestID returns the id of a request if a trusted proxy gave it. Such a proxy keeps it when it sends a request
// once more, so that two requests of one id are the same one.
func TrustedRequestID(ctx context.Context) (id string, ok bool) {
	o := originOfRequest(ctx)
	if !o.given {
		return "", false
	}
	return o.id, true
}

// Proxied tells whether a request came from a trusted proxy, whether or not that gave it an id.
func Proxied(ctx context.Context) bool { return originOfRequest(ctx).proxied }

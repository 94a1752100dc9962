package web

import "net/http"

// RequestIDHeader carries the request id of an answer, and that of a trusted proxy's request.
const RequestIDHeader = "X-Request-Id"

// RequestID is [Proxies.Identify] where no proxy is trusted.
func RequestID(next http.Handler) http.Handler { return (*Proxies)(nil).Identify(next) }

package web

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// Recover answers a panic with 500 and the request id, and logs it with its stack. The process
// lives on. http.ErrAbortHandler passes: it is how a handler cuts a connection on purpose.
func Recover(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			id := request.From(r.Context()).ID
			logger.ErrorContext(r.Context(), "panic while serving a request",
				"path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
			http.Error(w, "internal error, request id "+id, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

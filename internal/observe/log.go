package observe

import (
	"context"
	"io"
	"log/slog"
)

// NewLogger writes lines of text or JSON ("json"). attrs adds what the context knows, such as the
// request id, to every line; it may be nil.
func NewLogger(w io.Writer, level slog.Leveler, format string, attrs func(context.Context) []slog.Attr) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	if format == "json" {
		h = slog.NewJSONHandler(w, opts)
	} else {
		h = slog.NewTextHandler(w, opts)
	}
	if attrs != nil {
		h = &contextHandler{Handler: h, attrs: attrs}
	}
	return slog.New(h)
}

// contextHandler adds the attributes of a line's context to the line.
type contextHandler struct {
	slog.Handler
	attrs func(context.Context) []slog.Attr
}

func (h *contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if ctx != nil {
		r.AddAttrs(h.attrs(ctx)...)
	}
	return h.Handler.Handle(ctx, r)
}

func (h *contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &contextHandler{Handler: h.Handler.WithAttrs(attrs), attrs: h.attrs}
}

func (h *contextHandler) WithGroup(name string) slog.Handler {
	return &contextHandler{Handler: h.Handler.WithGroup(name), attrs: h.attrs}
}

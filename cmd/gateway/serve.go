package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/request"
)

type serveCmd struct {
	config.Config `embed:""`
}

// Run serves until a signal.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	if err := problems(&c.Config); err != nil {
		return err
	}
	opts := gateway.Options{Config: c.Config, Version: version(), Logger: newLogger(s.Err, &c.Config)}
	return serve(ctx, opts, func(base string) { ready(s.Out, base, "") })
}

// serve takes the addresses first: what is wired after them may have to know them.
func serve(ctx context.Context, opts gateway.Options, started func(base string)) error {
	limitMemory(opts.Logger, memlimit.FromCgroup)
	for _, warning := range gateway.Warnings(&opts.Config) {
		opts.Logger.Warn("a setting may not be meant", "setting", warning)
	}
	listeners, err := gateway.Listen(ctx, &opts.Config)
	if err != nil {
		return err
	}
	g, err := gateway.New(opts)
	if err != nil {
		return operator.Usage(errors.Join(err, listeners.Close()))
	}
	return g.Run(ctx, listeners, started)
}

// problems reports a wrong configuration as a whole.
func problems(c *config.Config) error { return operator.ProblemsError(gateway.Problems(c)) }

// ready prints the one line that scripts wait for.
func ready(w io.Writer, base, sandbox string) {
	line := "ready"
	if base != "" {
		line += " url=" + base + " mcp=" + base + "/mcp"
	}
	if sandbox != "" {
		line += " sandbox=" + sandbox
	}
	fmt.Fprintln(w, line)
}

func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	return observe.NewLogger(w, c.LogLevel, c.LogFormat, func(ctx context.Context) []slog.Attr {
		if id := request.From(ctx).ID; id != "" {
			return []slog.Attr{slog.String("request_id", id)}
		}
		return nil
	})
}

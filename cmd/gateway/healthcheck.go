package main

import (
	"context"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/operator"
)

type healthcheckCmd struct {
	Listen  string        `name:"listen" help:"The address that the gateway listens on."`
	Timeout time.Duration `name:"timeout" env:"GATEWAY_HEALTHCHECK_TIMEOUT" default:"2s" placeholder:"DURATION" help:"How long to wait for an answer."`
}

// Run asks /livez. It talks to this machine only.
func (c *healthcheckCmd) Run(ctx context.Context, s streams) error {
	if err := operator.Healthcheck(ctx, c.Listen, c.Timeout); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "healthy")
	return nil
}

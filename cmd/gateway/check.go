package main

import (
	"context"
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

type checkCmd struct {
	config.Config `embed:""`
}

// Run reports every problem at once, and what is no problem but may not be meant. Only Redis is asked: what it is set to
// decides what the gateway can promise.
func (c *checkCmd) Run(ctx context.Context, s streams) error {
	if err := problems(&c.Config); err != nil {
		return err
	}
	for _, w := range append(gateway.Warnings(&c.Config), gateway.StoreWarnings(ctx, &c.Config)...) {
		fmt.Fprintf(s.err, "warning: %s\n", w)
	}
	fmt.Fprintf(s.out, "the configuration works: listen %s, auth %s, REST API %s\n", c.Listen, c.Auth, c.ClerkURL)
	return nil
}

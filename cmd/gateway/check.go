package main

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
)

type checkCmd struct {
	config.Config `embed:""`

	Connect bool `name:"connect" env:"GATEWAY_CHECK_CONNECT" help:"Ask Redis, the identity provider and the REST API too whether they answer."`
	Strict  bool `name:"strict" env:"GATEWAY_CHECK_STRICT" help:"Fail on a warning as well."`
	JSON    bool `name:"json" env:"GATEWAY_CHECK_JSON" help:"Write what was found as one JSON object."`
}

// Run reports every problem at once, and what is not a problem but may not be meant.
func (c *checkCmd) Run(ctx context.Context, s streams) error {
	return operator.Check(ctx, operator.CheckOptions{
		Config: c.Config, Version: version(), Connect: c.Connect, Strict: c.Strict, JSON: c.JSON,
	}, s)
}

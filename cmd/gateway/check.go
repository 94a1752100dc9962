package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

type checkCmd struct {
	config.Config `embed:""`

	Connect bool `name:"connect" env:"GATEWAY_CHECK_CONNECT" help:"Ask Redis, the identity provider and the REST API too whether they answer."`
	Strict  bool `name:"strict" env:"GATEWAY_CHECK_STRICT" help:"Fail on a warning as well."`
	JSON    bool `name:"json" env:"GATEWAY_CHECK_JSON" help:"Write what was found as one JSON object."`
}

// settingsOnly says what was not done.
const settingsOnly = "settings only; use --connect to reach Redis, the provider and the API"

// Run reports every problem at once, and what is not a problem but may not be meant. Without --connect only Redis is asked: what
// it is set to decides what the gateway can promise.
func (c *checkCmd) Run(ctx context.Context, s streams) error {
	r := report{Connected: c.Connect, Problems: gateway.Problems(&c.Config)}
	if len(r.Problems) == 0 {
		r.Warnings = gateway.Warnings(&c.Config)
		if !c.Connect || c.RedisURL == "" { // else a probe asks Redis
			r.Warnings = append(r.Warnings, gateway.StoreWarnings(ctx, &c.Config)...)
		}
		if c.Connect {
			r.add(gateway.Connect(ctx, gateway.ConnectOptions{Config: c.Config, Version: version()}))
		}
	}
	err := c.verdict(&r)
	if r.OK = err == nil; c.JSON {
		if writeErr := r.writeJSON(s.out); writeErr != nil {
			return writeErr
		}
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(s.err, "warning: %s\n", w)
	}
	if writeErr := r.writeTable(s.out); writeErr != nil || err != nil {
		return cmp.Or(writeErr, err)
	}
	fmt.Fprintf(s.out, "the configuration works: listen %s, auth %s, REST API %s\n", c.Listen, c.Auth, c.ClerkURL)
	if !c.Connect {
		fmt.Fprintln(s.out, settingsOnly)
	}
	return nil
}

// verdict is an error that says what fails; nil if nothing does.
func (c *checkCmd) verdict(r *report) error {
	if err := problemsError(r.Problems); err != nil {
		return err
	}
	failed, doubtful := r.named(gateway.ResultFailed), r.named(gateway.ResultWarning)
	switch {
	case len(failed) > 0:
		return usageError{fmt.Errorf("what the configuration names does not work: %s", strings.Join(failed, ", "))}
	case c.Strict && len(doubtful)+len(r.Warnings) > 0:
		if len(r.Warnings) > 0 {
			doubtful = slices.Insert(doubtful, 0, "settings")
		}
		return usageError{fmt.Errorf("there are warnings, and --strict is set: %s", strings.Join(doubtful, ", "))}
	}
	return nil
}

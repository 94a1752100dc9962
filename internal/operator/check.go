package operator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

// CheckOptions are what [Check] is told.
type CheckOptions struct {
	Config config.Config
	// Version is this build's.
	Version string
	// Connect asks what the configuration names too, Strict fails on a warning as well.
	Connect, Strict bool
	// JSON writes what was found as one JSON object.
	JSON bool
}

// settingsOnly says what was not done.
const settingsOnly = "settings only; use --connect to reach Redis, the provider and the API"

// Check reports every problem at once, and what is not a problem but may not be meant. Without
// --connect only Redis is asked: what it is set to decides what the gateway can promise.
func Check(ctx context.Context, c CheckOptions, s Streams) error {
	r := Report{Connected: c.Connect, Problems: gateway.Problems(&c.Config)}
	if len(r.Problems) == 0 {
		r.Warnings = gateway.Warnings(&c.Config)
		if !c.Connect || c.Config.RedisURL == "" { // else a probe asks Redis
			r.Warnings = append(r.Warnings, StoreWarnings(ctx, &c.Config)...)
		}
		if c.Connect {
			r.add(Connect(ctx, ConnectOptions{Config: c.Config, Version: c.Version}))
		}
	}
	err := c.verdict(&r)
	if r.OK = err == nil; c.JSON {
		if writeErr := r.writeJSON(s.Out); writeErr != nil {
			return writeErr
		}
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", w)
	}
	if writeErr := r.writeTable(s.Out); writeErr != nil || err != nil {
		return cmp.Or(writeErr, err)
	}
	fmt.Fprintf(s.Out, "the configuration works: listen %s, auth %s, REST API %s\n", c.Config.Listen, c.Config.Auth, c.Config.ClerkURL)
	if !c.Connect {
		fmt.Fprintln(s.Out, settingsOnly)
	}
	return nil
}

// verdict is an error that says what fails; nil if nothing does.
func (c *CheckOptions) verdict(r *Report) error {
	if err := ProblemsError(r.Problems); err != nil {
		return err
	}
	failed, doubtful := r.named(ResultFailed), r.named(ResultWarning)
	switch {
	case len(failed) > 0:
		return UsageError{fmt.Errorf("what the configuration names does not work: %s", strings.Join(failed, ", "))}
	case c.Strict && len(doubtful)+len(r.Warnings) > 0:
		if len(r.Warnings) > 0 {
			doubtful = slices.Insert(doubtful, 0, "settings")
		}
		return UsageError{fmt.Errorf("there are warnings, and --strict is set: %s", strings.Join(doubtful, ", "))}
	}
	return nil
}

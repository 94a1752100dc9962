package main

import (
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

type checkCmd struct {
	config.Config `embed:""`
}

// Run reports every problem at once.
func (c *checkCmd) Run(s streams) error {
	if err := problems(&c.Config); err != nil {
		return err
	}
	for _, w := range c.Warnings() {
		fmt.Fprintf(s.err, "warning: %s\n", w)
	}
	fmt.Fprintf(s.out, "the configuration works: listen %s, auth %s, REST API %s\n", c.Listen, c.Auth, c.ClerkURL)
	return nil
}

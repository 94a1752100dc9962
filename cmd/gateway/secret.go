package main

import (
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/operator"
)

type secretCmd struct{}

// Run prints a new secret.
func (secretCmd) Run(s streams) error { //nolint:unparam // the form that kong calls
	fmt.Fprintln(s.Out, operator.NewSecret())
	return nil
}

package gateway

import (
	"errors"
	"fmt"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// admission is who may come in.
type admission struct {
	// allow is --allow-signin; everybody without a rule.
	allow func(claims map[string]any) bool
	// deny is --deny-signin, which goes before.
	deny identity.Rules
}

// newAdmission names every rule that is wrong, each on a line with its flag.
func newAdmission(cfg *config.Config) (admission, error) {
	const denyFlag = "--deny-signin (GATEWAY_DENY_SIGNIN)"
	allow, err := identity.ParseRules(cfg.AllowSignin)
	var problems []error
	if err != nil {
		problems = append(problems, fmt.Errorf("--allow-signin (GATEWAY_ALLOW_SIGNIN): %s", oneLine(err)))
	}
	deny, err := identity.ParseRules(cfg.DenySignin)
	if err != nil {
		problems = append(problems, fmt.Errorf("%s: %s", denyFlag, oneLine(err)))
	}
	for _, both := range deny.Common(allow) {
		problems = append(problems, fmt.Errorf("%s: %q is in --allow-signin too, and shuts out whom that admits; leave one of them out", denyFlag, both))
	}
	a := admission{allow: allow.Admit, deny: deny}
	if len(cfg.AllowSignin) == 0 {
		a.allow = func(map[string]any) bool { return true }
	}
	return a, errors.Join(problems...)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// admits asks both.
func (a admission) admits(claims map[string]any) bool { return !a.deny.Deny(claims) && a.allow(claims) }

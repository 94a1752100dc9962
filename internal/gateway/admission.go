package gateway

import (
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// admission is who may come in.
type admission struct {
	// allow is --allow-signin; everybody without a rule.
	allow func(claims map[string]any) error
	// deny is --deny-signin, which goes before.
	deny identity.Rules
}

// newAdmission fails for rules that are wrong, which config.Problems names.
func newAdmission(cfg *config.Config) (admission, error) {
	allow, deny, err := cfg.SigninRules()
	a := admission{allow: allow.Admit, deny: deny}
	if allow.Empty() {
		a.allow = func(map[string]any) error { return nil }
	}
	return a, err
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// admits asks both. Its errors are an [identity.Refusal].
func (a admission) admits(claims map[string]any) error {
	if err := a.deny.Deny(claims); err != nil {
		return err
	}
	return a.allow(claims)
}

package identity

import (
	"fmt"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// Refusal says why the rules keep somebody out.
type Refusal struct {
	// denied says that a rule of --deny-signin does. Otherwise none of --allow-signin fits; tenant
	// says that this is for those on tid.
	denied, tenant bool
	failures       []failed
}

type failed struct {
	rule rule
	why  failure
}

// failure is what a rule and claims have to do with one another, in fixed words.
type failure string

const (
	failAbsent      failure = "the claim is absent"
	failAbsentEmail failure = "the claim email is absent"
	failOther       failure = "the claim has another value"
	failForm        failure = "the claim has a form that cannot be compared"
	failUnverified  failure = "the provider says that the address is not verified"

	failVerifiedAbsent failure = "email_verified is absent, so the address does not count as verified; with a provider that never sends it, " +
		"such as Entra, use tid= instead"
	failOverage failure = "the provider left out the claim because it has too many values; use app roles or groups assigned to the " +
		"application, see docs/providers.md"
	denyNamed failure = "the claim has this value"
)

// mostFailures is how many rules an explanation names.
const mostFailures = 8

func (e *Refusal) Error() string { return "identity: " + e.LogReason() }

// Rule is the rule of --deny-signin that shut the person out, as it is written; "" if no rule
// admits them.
func (e *Refusal) Rule() string {
	if !e.denied {
		return ""
	}
	return e.failures[0].rule.String()
}

// LogReason is for operators. It has the rules' own text and fixed words, nothing that a claim
// said.
func (e *Refusal) LogReason() string {
	var b strings.Builder
	switch {
	case e.denied:
		b.WriteString("a rule of " + setting.DenySigninFlag + " shuts out: ")
	case len(e.failures) == 0:
		return "no rule of " + setting.AllowSigninFlag + " is about the token's issuer"
	case e.tenant:
		b.WriteString("no tid= rule of " + setting.AllowSigninFlag + " fits: ")
	default:
		b.WriteString("no rule of " + setting.AllowSigninFlag + " fits: ")
	}
	for i, f := range e.failures {
		if i == mostFailures {
			fmt.Fprintf(&b, "; and %d more", len(e.failures)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s (%s)", f.rule, f.why)
	}
	return b.String()
}

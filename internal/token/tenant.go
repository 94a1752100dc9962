package token

import (
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// Some authorization servers, such as Entra ID, serve many tenants under one set of keys, and
// announce an issuer with tenantPlaceholder where each token's issuer has the id of its own tenant,
// which the token also has in its claim "tid".
const tenantPlaceholder = "{tenantid}"

// issuerFits compares an issuer to the letter with a pattern, in which tenantPlaceholder stands for
// the tenant of the token.
func issuerFits(pattern, issuer, tenant string) bool {
	if !strings.Contains(pattern, tenantPlaceholder) {
		return pattern == issuer
	}
	own, ok := identity.FillTenant(pattern, tenant)
	return ok && own == issuer
}

package token

import (
	"regexp"
	"strings"
)

// Some authorization servers, such as Entra ID, serve many tenants under one set of keys, and announce an issuer with
// tenantPlaceholder where each token's issuer has the id of its own tenant, which the token also has in its claim "tid".
const tenantPlaceholder = "{tenantid}"

// tenantForm is how a tenant's id is spelled: a GUID in lower case. Other spellings would be other subjects for one tenant.
var tenantForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// issuerFits compares an issuer to the letter with a pattern, in which tenantPlaceholder stands for the tenant of the token.
func issuerFits(pattern, issuer, tenant string) bool {
	if !strings.Contains(pattern, tenantPlaceholder) {
		return pattern == issuer
	}
	return tenantForm.MatchString(tenant) && strings.ReplaceAll(pattern, tenantPlaceholder, tenant) == issuer
}

// commonPaths are where Entra ID has the metadata that its tenants share. No token has them in its iss.
func commonPaths() []string { return []string{"/common/v2.0", "/organizations/v2.0"} }

// TenantTemplate tells whether an issuer stands for many tenants, and how theirs are spelled: it has {tenantid} in it, or it ends as
// the address of metadata that tenants share. An issuer that only has such a name is still found to be itself by its metadata.
func TenantTemplate(issuer string) (template string, ok bool) {
	if strings.Contains(issuer, tenantPlaceholder) {
		return issuer, true
	}
	for _, path := range commonPaths() {
		if host, ok := strings.CutSuffix(issuer, path); ok {
			return host + "/" + tenantPlaceholder + "/v2.0", true
		}
	}
	return "", false
}

// MetadataIssuer is an issuer as clients can ask for its metadata: one with {tenantid} has it where all tenants have it in common.
func MetadataIssuer(issuer string) string {
	return strings.ReplaceAll(issuer, tenantPlaceholder, "common")
}

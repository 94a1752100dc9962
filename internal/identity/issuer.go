package identity

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// tenantMark is where an issuer that many tenants share has the tenant's id, as in Entra's
// metadata.
const tenantMark = "{tenantid}"

// sharedSegments are the paths that Entra shares among tenants. No token has them in its iss.
var sharedSegments = []string{"/common/v2.0", "/organizations/v2.0"}

// TenantTemplate tells whether an issuer stands for many tenants, and how theirs are spelled: with
// {tenantid} where each has its own id. It has that mark in it, or it ends as the address of
// metadata that tenants share. An issuer that only has such a name is still found to be itself by
// its metadata.
func TenantTemplate(issuer string) (template string, ok bool) {
	template = tenantTemplate(issuer)
	return template, template != ""
}

// FillTenant is a template with a tenant's id in it; ok is false for an id that is not a GUID in
// lower case, of which no other spelling can be another subject of the same tenant.
func FillTenant(template, tenant string) (issuer string, ok bool) {
	return strings.ReplaceAll(template, tenantMark, tenant), tenantID.MatchString(tenant)
}

// MetadataIssuer is an issuer as clients can ask for its metadata: one with {tenantid} has it where
// all tenants have it in common.
func MetadataIssuer(issuer string) string { return strings.ReplaceAll(issuer, tenantMark, "common") }

// TenantIn is the tenant whose id an issuer has in place of a template's mark; ok is false if it
// does not come of the template.
func TenantIn(template, issuer string) (tenant string, ok bool) {
	before, after, _ := strings.Cut(template, tenantMark)
	tenant, ok1 := strings.CutPrefix(issuer, before)
	tenant, ok2 := strings.CutSuffix(tenant, after)
	return tenant, ok1 && ok2 && tenantID.MatchString(tenant)
}

// SharedByTenants reports whether an issuer stands for many tenants, so that anybody who has a
// tenant of their own can get a token of it: one with {tenantid} in it, or one that ends in
// /common/v2.0 or /organizations/v2.0.
func SharedByTenants(issuer string) bool { return tenantTemplate(issuer) != "" }

// tenantTemplate is an issuer with a mark in place of the tenant; "" if it is one tenant's.
func tenantTemplate(issuer string) string {
	if strings.Contains(issuer, tenantMark) {
		return issuer
	}
	for _, shared := range sharedSegments {
		if host, ok := strings.CutSuffix(issuer, shared); ok {
			return host + "/" + tenantMark + "/v2.0"
		}
	}
	return ""
}

// FromIssuer reports whether claims are a token's of an issuer: their iss is that issuer, or where
// tenants share it, what comes of putting their tid into it.
func FromIssuer(issuer string, claims map[string]any) bool {
	iss, _ := claims[claimIssuer].(string)
	template := tenantTemplate(issuer)
	if template == "" {
		return iss != "" && iss == issuer
	}
	tenant, _ := claims[claimTenant].(string)
	own, ok := FillTenant(template, tenant)
	return ok && iss == own
}

var (
	// tenantID is a tenant's id as Entra writes it.
	tenantID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// entraHosts are those of Entra's issuers, in all its clouds.
var entraHosts = []string{
	"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
	"sts.windows.net", "sts.chinacloudapi.cn",
}

// isEntra reports whether an issuer is certainly Microsoft Entra.
func isEntra(issuer string) bool {
	u, err := url.Parse(strings.ReplaceAll(issuer, tenantMark, "x"))
	return err == nil && slices.Contains(entraHosts, strings.ToLower(u.Hostname()))
}

// tenantOf is the tenant in the issuer of one tenant of Entra's, "" if that cannot be told.
func tenantOf(issuer string) string {
	if u, err := url.Parse(issuer); err == nil && isEntra(issuer) {
		if first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); tenantID.MatchString(first) {
			return first
		}
	}
	return ""
}

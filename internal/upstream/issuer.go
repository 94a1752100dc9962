package upstream

import (
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// issuersOf are what the metadata of an issuer may call it: that, and for one that means many
// tenants its template. See
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer.
func issuersOf(issuer string) []string {
	if template, ok := identity.TenantTemplate(issuer); ok && template != issuer {
		return []string{issuer, template}
	}
	return []string{issuer}
}

// issuerOf is the issuer that a token of a person must have: for many tenants the template with the
// token's own tenant in it, which has to be a GUID, so that nothing else gets into the issuer. ""
// says that no issuer would do.
func (m *metadata) issuerOf(tenant any) string {
	if !m.manyTenants() {
		return m.Issuer
	}
	id, _ := tenant.(string)
	issuer, ok := identity.FillTenant(m.Issuer, id)
	if !ok {
		return ""
	}
	return issuer
}

func (m *metadata) manyTenants() bool {
	template, ok := identity.TenantTemplate(m.Issuer)
	return ok && template == m.Issuer
}

// mayAnswer reports whether an issuer may stand in an answer to a sign-in (RFC 9207 §2.4). That of
// many tenants is one tenant's; it must be the ID token's too.
func (m *metadata) mayAnswer(issuer string) bool {
	if !m.manyTenants() {
		return issuer == m.Issuer
	}
	_, ok := identity.TenantIn(m.Issuer, issuer)
	return ok
}

// origin is scheme, host and port of a URL, with the port that the scheme has by default.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

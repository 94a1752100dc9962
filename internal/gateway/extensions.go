package gateway

// The extensions of authorization that this gateway may serve (ext-auth, OAuth Client Credentials
// and Enterprise-Managed Authorization).
const (
	extensionSoftware   = "io.modelcontextprotocol/oauth-client-credentials"
	extensionEnterprise = "io.modelcontextprotocol/enterprise-managed-authorization"
)

// extensions are those that are served, to be declared among the server's capabilities in both eras
// (2026-07-28, Versioning, "Extension Negotiation"; SEP-2133, "Server Capabilities"). Tokens of
// another authorization server are that one's to declare.
func (g *Gateway) extensions() []string {
	if g.login == nil {
		return nil
	}
	var served []string
	if clients := g.login.clients; clients != nil && clients.SoftwareID() != "" {
		served = append(served, extensionSoftware)
	}
	if len(g.cfg.IdentityAssertionIssuers) > 0 {
		served = append(served, extensionEnterprise)
	}
	return served
}

package gateway

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/credential"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// tenants names whom a caller shares a workspace with, as far as is known: those whose equal texts
// wait for one another, and are told of one another. Nobody else's are. Nil is one tenant for all
// of the deployment.
//
//   - api-key: there is one key, so all of the deployment are one, with a login or without.
//   - linked: those whose key is the same, by a keyed digest. Two keys of one workspace are two
//     tenants.
//   - login, exchange: nobody here knows the workspace behind a token, so each person or service is
//     one.
//
// Whether two tenants are one workspace after all decides nothing that has to be safe: open
// attempts and claims are the deployment's. While secrets rotate, replicas may name one tenant in
// two ways, and its texts do not wait for each other.
func (g *Gateway) tenants(keys *seal.Keyring) func(ctx context.Context) string {
	switch g.cfg.ClerkCredential {
	case "api-key":
		return nil
	case "linked":
		return credential.KeyTenant(keys.MAC(purposeTenant).Digest)
	}
	return credential.SubjectTenant
}

package credential

import (
	"context"
	"encoding/base64"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// SubjectTenant has each person or service wait for their own equal texts only: for credentials
// behind which nobody here knows the workspace.
func SubjectTenant(ctx context.Context) string {
	return "subject " + request.From(ctx).Caller.Subject
}

// KeyTenant has those wait for one another whose key is the same, by a keyed digest. Two keys of
// one workspace are two tenants.
func KeyTenant(digest func([]byte) []byte) func(ctx context.Context) string {
	return func(ctx context.Context) string {
		found := request.From(ctx).Credential
		if found == nil {
			return SubjectTenant(ctx)
		}
		credential, _ := found.Get()
		if credential.IsZero() { // then nothing is going to be sent
			return SubjectTenant(ctx)
		}
		return "key " + base64.RawURLEncoding.EncodeToString(credential.Digest(digest))
	}
}

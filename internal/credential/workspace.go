package credential

import (
	"context"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// WorkspaceKey is one credential for everybody: --clerk-credential api-key.
type WorkspaceKey struct{ credential clerkapi.Credential }

// NewWorkspaceKey is the source of an API key.
func NewWorkspaceKey(key string) WorkspaceKey { return WorkspaceKey{clerkapi.APIKey(key)} }

// Credential is of [mcpadapter.Credentials].
func (k WorkspaceKey) Credential(context.Context, string) (clerkapi.Credential, error) {
	return k.credential, nil
}

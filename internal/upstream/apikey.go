package upstream

import (
	"context"
	"errors"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// APIKey is one key of the REST API for everybody.
type APIKey struct{ credential clerkapi.Credential }

// NewAPIKey refuses no key.
func NewAPIKey(key string) (APIKey, error) {
	if key == "" {
		return APIKey{}, errors.New("upstream: the API key is empty")
	}
	return APIKey{clerkapi.APIKey(key)}, nil
}

// Credential is the key.
func (k APIKey) Credential(context.Context, string) (clerkapi.Credential, error) {
	return k.credential, nil
}

package gateway

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// newPersonalKeys keeps each person's own key: --clerk-credential linked.
func newPersonalKeys(client *clerkapi.Client, store *redisstore.Store, keys *seal.Keyring) (*upstream.PersonalKeys, error) {
	return upstream.NewPersonalKeys(upstream.LinkedOptions{
		Records: store.PersonalKeys(), Sealer: keys.Sealer(purposeLinkedKey),
		Try: func(ctx context.Context, c clerkapi.Credential) error {
			_, _, err := client.As(c).Messages.Find(ctx, &clerkapi.FindMessagesParams{Limit: 1})
			return err
		},
	})
}

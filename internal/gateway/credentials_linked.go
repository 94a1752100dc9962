package gateway

import (
	"context"
	"errors"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// newLinked keeps each person's own key: --clerk-credential linked.
func newLinked(client *clerkapi.Client, store *redisstore.Store, keys *seal.Keyring) (*upstream.Linked, error) {
	return upstream.NewLinked(upstream.LinkedOptions{
		Records: store.Links(), Sealer: keys.Sealer(purposeLinkedKey),
		Try: func(ctx context.Context, c clerkapi.Credential) error {
			_, _, err := client.As(c).Messages.Find(ctx, &clerkapi.FindMessagesParams{Limit: 1})
			return err
		},
	})
}

// linker is the store of keys as the authorization server knows it.
type linker struct{ keys *upstream.Linked }

func (l linker) Check(ctx context.Context, subject string) (authserver.Link, error) {
	k, err := l.keys.Check(ctx, subject)
	return authserver.Link(k), linkError(err)
}

func (l linker) Find(ctx context.Context, subject string) (authserver.Link, error) {
	k, err := l.keys.Find(ctx, subject)
	return authserver.Link(k), linkError(err)
}

func (l linker) Keep(ctx context.Context, subject, key, replaces string) error {
	return linkError(l.keys.Keep(ctx, subject, key, replaces))
}

func (l linker) Remove(ctx context.Context, subject, id string) error {
	return linkError(l.keys.Remove(ctx, subject, id))
}

// linkError is the one translation of the errors of keys for the authorization server.
func linkError(err error) error {
	for _, known := range []struct{ theirs, ours error }{
		{upstream.ErrKeyMalformed, authserver.ErrKeyMalformed},
		{upstream.ErrKeyRefused, authserver.ErrKeyRefused},
		{upstream.ErrKeyUntested, authserver.ErrKeyUntested},
		{upstream.ErrKeyExists, authserver.ErrKeyExists},
		{upstream.ErrUnavailable, authserver.ErrUnavailable},
	} {
		if errors.Is(err, known.theirs) {
			return errors.Join(known.ours, err)
		}
	}
	return err
}

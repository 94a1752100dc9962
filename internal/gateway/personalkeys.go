package gateway

import (
	"context"
	"errors"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
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

// personalKeyPages is the store of keys as the authorization server knows it.
type personalKeyPages struct{ keys *upstream.PersonalKeys }

func (l personalKeyPages) Check(ctx context.Context, subject string) (authserver.Link, error) {
	k, err := l.keys.Check(ctx, subject)
	return authserver.Link(k), linkError(err)
}

func (l personalKeyPages) Find(ctx context.Context, subject string) (authserver.Link, error) {
	k, err := l.keys.Find(ctx, subject)
	return authserver.Link(k), linkError(err)
}

func (l personalKeyPages) Keep(ctx context.Context, subject, key, replaces string) error {
	return linkError(l.keys.Keep(ctx, subject, key, replaces))
}

func (l personalKeyPages) Remove(ctx context.Context, subject, id string) error {
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

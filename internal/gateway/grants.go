package gateway

import (
	"errors"
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// OpenGrants opens the grants of the authorization server for an operator, who needs the Redis of the gateways, and their
// secrets: what people allowed is sealed. Without the right ones grants can be ended by id, and not be read. closeStore
// releases it.
func OpenGrants(redisURL string, secrets []config.Secret) (grants *grant.Grants, closeStore func() error, err error) {
	keys, err := newKeyring(&config.Config{Secrets: secrets})
	if err != nil {
		return nil, nil, err
	}
	store, err := redisstore.Open(redisURL, redisstore.Options{Timeout: operatorTimeout})
	if err != nil {
		return nil, nil, fmt.Errorf(setting.RedisURL+": %w", err)
	}
	if grants, err = newGrants(&config.Config{}, store, keys, nil); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return grants, store.Close, nil
}

package operator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// storeTimeout is what a person at a terminal waits for one answer of Redis; a request waits far
// shorter.
const storeTimeout = 3 * time.Second

func openStore(redisURL string) (*redisstore.Store, error) {
	store, err := redisstore.Open(redisURL, redisstore.Options{Timeout: storeTimeout})
	if err != nil {
		return nil, fmt.Errorf(setting.RedisURL+": %w", err)
	}
	return store, nil
}

// OpenSessions opens the table of sessions for an operator, who needs the Redis of the gateways but
// not their secret: with keys of its own the table lists, shows and ends sessions, and opens no id.
// closeStore releases it.
func OpenSessions(redisURL string) (table *session.Table, closeStore func() error, err error) {
	store, err := openStore(redisURL)
	if err != nil {
		return nil, nil, err
	}
	keys, err := seal.New([]byte(rand.Text() + rand.Text()))
	if err == nil {
		table, err = session.NewTable(session.Options{
			Sealer: keys.Sealer("session id"), Records: store.Sessions(), Budget: storeTimeout,
		})
	}
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return table, store.Close, nil
}

// OpenGrants opens the grants of the authorization server for an operator, who needs the Redis of
// the gateways, and their secrets: what people allowed is sealed. Without the right ones grants can
// be ended by id, and not be read. closeStore releases it.
func OpenGrants(redisURL string, secrets []config.Secret) (grants *grant.Grants, closeStore func() error, err error) {
	store, err := openStore(redisURL)
	if err != nil {
		return nil, nil, err
	}
	if grants, err = gateway.Grants(&config.Config{Secrets: secrets}, store); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return grants, store.Close, nil
}

// StoreWarnings asks the Redis of a configuration without problems whether it keeps what it
// acknowledged, and says what does not.
func StoreWarnings(ctx context.Context, c *config.Config) []string {
	const name = setting.RedisURL + ": "
	if c.RedisURL == "" {
		return []string{name + "is not set, so what was sent is forgotten when the process ends, and no other replica knows of it"}
	}
	store, err := openStore(c.RedisURL.Reveal())
	if err != nil {
		return []string{err.Error()}
	}
	defer func() { _ = store.Close() }()
	d, err := store.Durability(ctx)
	if err != nil {
		return []string{name + err.Error() + ", so it is not known whether it keeps what it acknowledged"}
	}
	warnings := d.Losses()
	for i := range warnings {
		warnings[i] = name + warnings[i]
	}
	return warnings
}

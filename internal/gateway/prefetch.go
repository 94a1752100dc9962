package gateway

import (
	"context"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// prefetcher has all that a request of somebody who signed in needs of Redis read in one round trip: its grant with the provider's
// part, its session, and what the credential is made of. Nothing is read for a request without a good token, since the grant is
// what is read first.
type prefetcher struct {
	store            *redisstore.Store
	sessions, grants *redisstore.Keyspace
	upstreams        *redisstore.Keyspace
	// links is nil where no credential is kept there.
	links *redisstore.Keyspace
}

func newPrefetcher(cfg *config.Config, store *redisstore.Store) prefetcher {
	a := prefetcher{store: store, sessions: store.Sessions(), grants: store.Grants(), upstreams: store.ProviderStates()}
	if cfg.ClerkCredential == "linked" {
		a.links = store.PersonalKeys()
	}
	return a
}

// Middleware is what comes before a request's token is looked at.
func (a prefetcher) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := a.store.ReadAhead(r.Context())
		if id := r.Header.Get(endpoint.SessionHeader); id != "" {
			a.sessions.Expect(ctx, session.KeyOf(id))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// want is what comes between the check of a token and the first read.
func (a prefetcher) want(ctx context.Context, caller identity.Caller) {
	a.grants.Expect(ctx, caller.Grant)
	a.upstreams.Expect(ctx, caller.Grant)
	if a.links != nil {
		a.links.Expect(ctx, upstream.LinkName(caller.Subject))
	}
}

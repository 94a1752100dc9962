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

// ahead has all that a request of somebody who signed in needs of Redis read in one round trip: its grant, its session, and
// what the credential is made of. Nothing is read for a request without a good token, since the grant is what is read first.
type ahead struct {
	store            *redisstore.Store
	sessions, grants *redisstore.Bucket
	// upstreams and links are nil where no credential is kept there.
	upstreams, links *redisstore.Bucket
}

func newAhead(cfg *config.Config, store *redisstore.Store) ahead {
	a := ahead{store: store, sessions: store.Sessions(), grants: store.Grants()}
	switch cfg.ClerkCredential {
	case "login", "exchange":
		a.upstreams = store.Upstreams()
	case "linked":
		a.links = store.Links()
	}
	return a
}

// before is what comes before a request's token is looked at.
func (a ahead) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := a.store.ReadAhead(r.Context())
		if id := r.Header.Get(endpoint.SessionHeader); id != "" {
			a.sessions.Expect(ctx, session.KeyOf(id))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// expect is what comes between the check of a token and the first read.
func (a ahead) expect(ctx context.Context, caller identity.Caller) {
	a.grants.Expect(ctx, caller.Grant)
	if a.upstreams != nil {
		a.upstreams.Expect(ctx, caller.Grant)
	}
	if a.links != nil {
		a.links.Expect(ctx, upstream.LinkName(caller.Subject))
	}
}

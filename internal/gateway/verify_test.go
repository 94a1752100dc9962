package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// departing is a store of grants that goes away.
type departing struct {
	session.Records
	away bool
}

func (d *departing) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if d.away {
		return nil, false, errors.New("away")
	}
	return d.Records.Get(ctx, name)
}

// grantOf makes a grant that this process sees stand now.
func grantOf(t *testing.T, g *grant.Grants) (id string) {
	t.Helper()
	const verifier = "a-verifier-that-only-the-client-knows-0123456789"
	sum := sha256.Sum256([]byte(verifier))
	binding := grant.Binding{RedirectURI: "r", Challenge: base64.RawURLEncoding.EncodeToString(sum[:])}
	code, err := g.Begin(t.Context(), grant.Grant{Subject: "ann", ClientID: "c"}, binding, nil)
	if err != nil {
		t.Fatal(err)
	}
	turn, err := g.Redeem(t.Context(), code, "c", "r", verifier)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return turn.Grant.ID
}

func TestAGrantIsConfirmedForFiveMinutesWithoutItsStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const at = "https://mcp.example.com/mcp"
		store := embedded.Open(redisstore.Options{})
		defer func() { _ = store.Close() }()
		keys, err := seal.New([]byte("0123456789abcdef0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		records := &departing{Records: store.Grants()}
		l := &login{}
		l.readAhead(&config.Config{}, store)
		if l.grants, err = grant.NewGrants(grant.Options{
			Records: records, Upstream: store.ProviderStates(), Sealer: keys.Sealer(purposeGrant), Signer: keys.MAC(purposeRefreshToken),
		}); err != nil {
			t.Fatal(err)
		}
		if l.tokens, err = token.NewLocal(token.LocalOptions{
			Issuer: "https://mcp.example.com", Seeds: [][]byte{make([]byte, 32)}, Life: time.Hour,
		}); err != nil {
			t.Fatal(err)
		}
		cfg := config.Config{
			PublicURL: "https://mcp.example.com", OIDCIssuer: "https://id.example", OIDCClientID: "id", AllowAnyUser: true,
			Recheck: 15 * time.Minute, GrantMaxAge: 24 * time.Hour,
		}
		provider, err := newProvider(&cfg, nil, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		g := &Gateway{cfg: cfg, logger: slog.New(slog.DiscardHandler), metrics: observe.NewMetrics("test")}
		if l.people, err = g.newPeople(provider, l.grants, l.grants, store.Limits(), keys); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = g.close() }()
		grant := grantOf(t, l.grants)
		access, _, err := l.tokens.Issue(identity.Caller{Subject: "ann", ClientID: "c"}, at, grant, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		verify := func(ctx context.Context) (unconfirmed bool, err error) {
			caller, err := l.verify(ctx, access, at)
			return caller.GrantUnconfirmed, err
		}
		for _, step := range []struct {
			away        bool
			wait        time.Duration
			unconfirmed bool
		}{
			{false, 10 * time.Minute, false}, // seen again
			{true, 5 * time.Minute, false},
			{true, time.Second, true},
			{false, 0, false},
			{true, 0, false},
		} {
			records.away = step.away
			time.Sleep(step.wait)
			if unconfirmed, err := verify(t.Context()); unconfirmed != step.unconfirmed || err != nil {
				t.Errorf("%+v: unconfirmed %v, %v", step, unconfirmed, err)
			}
		}
		// Who hangs up before anybody was asked gets nothing by it.
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := verify(gone); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("a client that has left: %v", err)
		}
	})
}

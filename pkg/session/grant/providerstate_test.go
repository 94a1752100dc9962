package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Unknown is never no: what is there and does not open is neither missing nor empty.
func TestAProvidersPartThatDoesNotOpenIsNotMissing(t *testing.T) {
	store := embedded.Open(redisstore.Options{})
	defer func() { _ = store.Close() }()
	a := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil, secretA)
	turn, err := a.Redeem(t.Context(), begin(t, a), clientID, redirect, verifier)
	if err != nil {
		t.Fatal(err)
	}
	id := turn.Grant.ID
	b := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil, secretB)
	_, _, found, err := b.ProviderStates().Load(t.Context(), id)
	if !errors.Is(err, grant.ErrUpstreamUnreadable) || !errors.Is(err, session.ErrUnavailable) || found {
		t.Errorf("of another secret: %v, found %v", err, found)
	}
	if _, _, found, err := a.ProviderStates().Load(t.Context(), id); err != nil || !found {
		t.Errorf("of ours: %v, found %v", err, found)
	}
	if _, _, found, err := a.ProviderStates().Load(t.Context(), "AAAAAAAAAAAAAAAAAAAAAA"); err != nil || found {
		t.Errorf("of no grant: %v, found %v", err, found)
	}
}

func TestAPauseIsSeenByEveryReplica(t *testing.T) {
	store := embedded.Open(redisstore.Options{})
	defer func() { _ = store.Close() }()
	a := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil)
	b := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil)
	if paused, err := b.ProviderStates().Paused(t.Context(), "g"); err != nil || paused {
		t.Errorf("before: %v %v", paused, err)
	}
	if err := a.ProviderStates().Pause(t.Context(), "g", time.Minute); err != nil {
		t.Fatal(err)
	}
	if paused, err := b.ProviderStates().Paused(t.Context(), "g"); err != nil || !paused {
		t.Errorf("after: %v %v", paused, err)
	}
	if paused, err := b.ProviderStates().Paused(t.Context(), "other"); err != nil || paused {
		t.Errorf("another grant: %v %v", paused, err)
	}
}

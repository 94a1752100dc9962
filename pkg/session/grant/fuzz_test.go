package grant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func FuzzTokensOfGrants(f *testing.F) {
	g := grantsOver(f, sessiontest.Nowhere{}, sessiontest.Nowhere{}, time.Now, nil)
	f.Add("")
	f.Add(strings.Repeat("A", 64))
	f.Add(strings.Repeat("A", 70))
	f.Add(strings.Repeat("A", 107))
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := g.OfRefreshToken(s); ok {
			t.Errorf("%q is ours", s)
		}
		if _, ok := g.OfCode(s); ok {
			t.Errorf("%q is a code of ours", s)
		}
		// Only what is ours is looked for.
		for _, err := range []error{redeemError(g, s), refreshError(g, s)} {
			if !errors.Is(err, grant.ErrNoGrant) {
				t.Errorf("%q: %v", s, err)
			}
		}
		if _, err := g.Lookup(context.Background(), s); !errors.Is(err, grant.ErrNoGrant) && len(s) != 22 {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func redeemError(g *grant.Grants, code string) error {
	_, err := g.Redeem(context.Background(), code, "c", "r", "v")
	return err
}

func refreshError(g *grant.Grants, token string) error {
	_, err := g.Refresh(context.Background(), token, "c")
	return err
}

package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

func FuzzTokensOfGrants(f *testing.F) {
	g := grantsOver(f, nowhere{}, nowhere{}, time.Now, nil)
	f.Add("")
	f.Add(strings.Repeat("A", 64))
	f.Add(strings.Repeat("A", 70))
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := g.OfRefreshToken(s); ok {
			t.Errorf("%q is ours", s)
		}
		// What has the form of a code is looked for; nothing else is.
		if _, err := g.Redeem(context.Background(), s, "c", "r", "v"); !errors.Is(err, session.ErrNoGrant) && len(s) != 64 {
			t.Errorf("%q: %v", s, err)
		}
		if _, err := g.Lookup(context.Background(), s); !errors.Is(err, session.ErrNoGrant) && len(s) != 22 {
			t.Errorf("%q: %v", s, err)
		}
	})
}

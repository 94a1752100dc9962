package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestDirectGrantEndsWithItsToken(t *testing.T) {
	for name, tt := range map[string]struct{ notAfter, life time.Duration }{
		"no bound":     {0, time.Hour + time.Minute},
		"a near bound": {10 * time.Minute, 10 * time.Minute},
		"a far bound":  {48 * time.Hour, time.Hour + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			g := c.grants()
			var notAfter time.Time
			if tt.notAfter > 0 {
				notAfter = c.now().Add(tt.notAfter)
			}
			turn := g.Direct(asked, notAfter)
			if end := g.End(turn.Grant); !end.Equal(c.now().Add(tt.life)) {
				t.Errorf("it ends %s from now", end.Sub(c.now()))
			}
			if _, err := g.Lookup(t.Context(), turn.Grant.ID); !errors.Is(err, grant.ErrNoGrant) {
				t.Errorf("before it is committed: %v", err)
			}
			if refresh, err := turn.Commit(t.Context()); err != nil || refresh != "" {
				t.Fatalf("%q, %v", refresh, err)
			}
			found, err := c.grants().Lookup(t.Context(), turn.Grant.ID)
			if err != nil || found.Subject != asked.Subject || found.Resource != asked.Resource {
				t.Errorf("%+v, %v", found, err)
			}
			c.advance(tt.life + time.Second)
			if _, err := g.Lookup(t.Context(), turn.Grant.ID); !errors.Is(err, grant.ErrNoGrant) {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}

func TestDirectGrantIsListedAndEnded(t *testing.T) {
	c := newCluster(t)
	turn := c.grants().Direct(asked, time.Time{})
	if _, err := turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	operators := operatorGrants(t, c, 0, secretA)
	e, ok := entries(t, operators, "")[turn.Grant.ID]
	if !ok || e.State != grant.Live || !e.IsOf(clientID) || !e.Is(asked.Subject) {
		t.Errorf("%+v", e)
	}
	if err := operators.Revoke(t.Context(), turn.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.grants().Lookup(t.Context(), turn.Grant.ID); !errors.Is(err, grant.ErrRevoked) {
		t.Errorf("after its end: %v", err)
	}
}

func TestDirectGrantWithoutAStoreIsUnavailable(t *testing.T) {
	c := newCluster(t)
	down := grantsOver(t, sessiontest.Nowhere{}, sessiontest.Nowhere{}, c.now, nil)
	if _, err := down.Direct(asked, time.Time{}).Commit(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

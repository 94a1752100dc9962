package session_test

import (
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestAnEndedSessionStaysEndedWhileTheStoreIsAway(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, c *cluster, table *session.Table, s *session.Session){
		"ended here": func(t *testing.T, _ *cluster, table *session.Table, s *session.Session) {
			if err := table.End(t.Context(), s.ID, s.Subject); err != nil {
				t.Error(err)
			}
		},
		"seen to be ended elsewhere": func(t *testing.T, c *cluster, table *session.Table, s *session.Session) {
			if err := c.replica().End(t.Context(), s.ID, s.Subject); err != nil {
				t.Error(err)
			}
			wantNotFound(t, table, s.ID, s.Subject)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			store := storeOf(t, c)
			records := sessiontest.Faulty{Records: store.Sessions(), Faults: &sessiontest.Faults{}}
			table := c.table(records, 0)
			gone, lives := create(t, table, info), create(t, table, info)
			end(t, c, table, gone)
			records.Down()
			wantNotFound(t, table, gone.ID, gone.Subject)
			if !resume(t, table, lives).Unstored {
				t.Error("another session has a record")
			}
		})
	}
}

// storeOf is one more connection to a cluster's store.
func storeOf(t *testing.T, c *cluster) *redisstore.Store {
	t.Helper()
	if c.server == nil {
		return c.store
	}
	store, err := redisstore.Open(c.server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Each way in which a Redis can be of no use, and what is then left of sessions.
func TestOutages(t *testing.T) {
	for name, tc := range map[string]struct {
		breaks func(c *cluster)
		heals  func(c *cluster)
		budget time.Duration
		// reads says that records can still be read.
		reads bool
	}{
		"down": {
			breaks: func(c *cluster) { c.server.Kill() },
			heals:  func(c *cluster) { c.server.Restart() },
		},
		"a black hole": {
			breaks: func(c *cluster) { c.server.Stop() },
			heals:  func(c *cluster) { c.server.Continue() },
			budget: 150 * time.Millisecond,
		},
		"out of memory": {
			breaks: func(c *cluster) { c.server.Do("CONFIG", "SET", "maxmemory", "1") },
			heals:  func(c *cluster) { c.server.Do("CONFIG", "SET", "maxmemory", "0") },
			reads:  true,
		},
		"a replica": {
			breaks: func(c *cluster) { c.server.Do("REPLICAOF", "127.0.0.1", "1") },
			heals:  func(c *cluster) { c.server.Do("REPLICAOF", "NO", "ONE") },
			reads:  true,
		},
		"without its master": {
			breaks: func(c *cluster) {
				c.server.Do("CONFIG", "SET", "replica-serve-stale-data", "no")
				c.server.Do("REPLICAOF", "127.0.0.1", "1")
			},
			heals: func(c *cluster) { c.server.Do("REPLICAOF", "NO", "ONE") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newRealCluster(t)
			budget := tc.budget
			if budget == 0 {
				budget = 10 * time.Second
			}
			known, lost := create(t, c.replica(), info), create(t, c.replica(), info)
			table := c.replicaWith(budget)
			c.server.Do("DEL", "gw:s:"+lost.Key())
			c.unavailable.Store(0)
			tc.breaks(c)
			c.advance(2 * time.Minute) // so that records are due to be touched

			if got := resume(t, table, known); got.Unstored == tc.reads || got.ClientName != info.ClientName {
				t.Errorf("a known session: %+v; want unstored %v", got, !tc.reads)
			}
			if got := resume(t, table, lost); !got.Unstored || got.Recovered || got.ClientName != info.ClientName {
				t.Errorf("a lost session: %+v; want it unstored", got)
			}
			begun := create(t, table, info)
			if !begun.Unstored {
				t.Errorf("a new session: %+v; want it unstored", begun)
			}
			c.wantCounted(0, 3)
			if err := table.End(t.Context(), known.ID, known.Subject); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("End: %v, want ErrUnavailable", err)
			}
			if _, err := table.Resume(t.Context(), known.ID, "bob"); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("another subject: %v, want ErrNotFound", err)
			}

			tc.heals(c)
			testkit.Eventually(t, "it recovers", func() bool { return !resume(t, table, begun).Unstored })
			if got := resume(t, c.replica(), begun); got.Recovered || got.Unstored {
				t.Errorf("a session begun without a record: %+v; want it stored by now", got)
			}
			if err := c.replica().End(t.Context(), known.ID, known.Subject); err != nil {
				t.Errorf("End: %v", err)
			}
		})
	}
}

// hooked lets a test act between the reading and the writing of a call.
type hooked struct {
	session.Records
	afterGet func()
}

func (h *hooked) Get(ctx context.Context, name string) ([]byte, bool, error) {
	value, found, err := h.Records.Get(ctx, name)
	if act := h.afterGet; act != nil {
		h.afterGet = nil
		act()
	}
	return value, found, err
}

// Whatever a request was about to write, a tombstone stays.
func TestATombstoneIsNeverOverwritten(t *testing.T) {
	for name, write := range map[string]struct {
		prepare func(c *cluster, s *session.Session)
		call    func(table *session.Table, s *session.Session) error
		want    error
	}{
		"by a recovery": {
			prepare: func(c *cluster, s *session.Session) { c.server.Do("DEL", "gw:s:"+s.Key()) },
			call: func(table *session.Table, s *session.Session) error {
				_, err := table.Resume(t.Context(), s.ID, s.Subject)
				return err
			},
			want: session.ErrNotFound,
		},
		"by a touch": {
			prepare: func(c *cluster, s *session.Session) { c.advance(2 * time.Minute) },
			// The request came before the end and is served.
			call: func(table *session.Table, s *session.Session) error {
				_, err := table.Resume(t.Context(), s.ID, s.Subject)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newRealCluster(t)
			other := c.replica()
			records := &hooked{Records: openRecords(t, c)}
			table := c.table(records, 10*time.Second)
			s := create(t, table, info)
			write.prepare(c, s)
			records.afterGet = func() {
				if err := other.End(t.Context(), s.ID, s.Subject); err != nil {
					t.Error(err)
				}
			}
			if err := write.call(table, s); !errors.Is(err, write.want) {
				t.Errorf("%v, want %v", err, write.want)
			}
			wantNotFound(t, table, s.ID, s.Subject)
		})
	}
}

// A record of a release to come is left alone, but its tombstone counts.
func TestRecordsOfAnotherFormat(t *testing.T) {
	c := newRealCluster(t)
	table, records := c.replica(), openRecords(t, c)
	for value, ended := range map[string]bool{
		"\x63\x01something new": false, "": false, "x": false, "\x63\x02and its tombstone": true,
	} {
		s := create(t, table, info)
		if _, _, err := records.GetSet(t.Context(), s.Key(), []byte(value), time.Minute); err != nil {
			t.Fatal(err)
		}
		if ended {
			wantNotFound(t, table, s.ID, s.Subject)
			continue
		}
		if got := resume(t, table, s); !got.Unstored {
			t.Errorf("%q: %+v, want it unstored", value, got)
		}
		if got, _, err := records.Get(t.Context(), s.Key()); err != nil || string(got) != value {
			t.Errorf("%q became %q, %v", value, got, err)
		}
	}
}

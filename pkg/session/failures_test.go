package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestFailedOperationsAreToldAsUnavailable(t *testing.T) {
	type failing struct {
		*sessiontest.Memory
		table   *session.Table
		session *session.Session
	}
	for name, tc := range map[string]struct {
		ops int // of the store that must not fail
		run func(ctx context.Context, f *failing) error
	}{
		"end": {1, func(ctx context.Context, f *failing) error { return f.table.End(ctx, f.session.ID, info.Subject) }},
		"end by the key": {2, func(ctx context.Context, f *failing) error {
			_, err := f.table.EndKey(ctx, f.session.Key())
			return err
		}},
		"end by a part of the key": {2, func(ctx context.Context, f *failing) error {
			_, err := f.table.EndKey(ctx, f.session.Key()[:8])
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; n <= tc.ops; n++ {
				for _, after := range []bool{false, true} {
					f := &failing{Memory: sessiontest.NewMemory()}
					f.table = spelledTable(t, f, atNoon)
					f.session = create(t, f.table, info)
					f.FailAt(n, after)
					err := tc.run(t.Context(), f)
					if n == 0 {
						wantErr(t, "without a fault", err, nil)
					} else if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, sessiontest.ErrLost) {
						t.Errorf("operation %d, after its effect %v: %v", n, after, err)
					}
				}
			}
		})
	}
}

// scripted gives what a test says, whatever is there.
type scripted struct {
	*sessiontest.Memory
	added bool
	value []byte
	found bool
}

func (s *scripted) SetNX(context.Context, string, []byte, time.Duration) (bool, error) {
	_ = s.Do(func() error { return nil })
	return s.added, nil
}

func (s *scripted) Get(context.Context, string) ([]byte, bool, error) {
	_ = s.Do(func() error { return nil })
	return s.value, s.found, nil
}

func TestSessionWhoseRecordComesAndGoesIsServedAfterTwoRounds(t *testing.T) {
	s := &scripted{Memory: sessiontest.NewMemory()}
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	s.Fail(nil)
	if got := resume(t, table, live); !got.Unstored || s.Ops() != 4 {
		t.Errorf("%+v after %d operations", got, s.Ops())
	}
}

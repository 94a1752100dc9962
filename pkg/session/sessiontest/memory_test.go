package sessiontest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestMemory(t *testing.T) {
	for name, of := range map[string]func(m *sessiontest.Memory) session.Records{
		"whole": func(m *sessiontest.Memory) session.Records { return m },
		"part":  func(m *sessiontest.Memory) session.Records { return m.Part("p:") },
	} {
		t.Run(name, func(t *testing.T) {
			sessiontest.Records(t, func(*testing.T) sessiontest.Store {
				m := sessiontest.NewMemory()
				return sessiontest.Store{
					Open:   func(*testing.T) session.Records { return of(m) },
					Expire: func(_ *testing.T, ttl time.Duration) { m.Advance(ttl) },
				}
			})
		})
	}
}

func TestOperationThatFailsHasItsEffectOrNot(t *testing.T) {
	for _, after := range []bool{false, true} {
		m := sessiontest.NewMemory()
		m.FailAt(2, after)
		for op := 1; op <= 3; op++ {
			_, err := m.Part("p:").SetNX(t.Context(), string(rune('0'+op)), nil, time.Hour)
			if errors.Is(err, sessiontest.ErrLost) != (op == 2) {
				t.Errorf("operation %d: %v", op, err)
			}
		}
		if _, there := m.All()["p:2"]; there != after || m.Ops() != 3 {
			t.Errorf("after its effect %v: %v of %d operations", after, m.All(), m.Ops())
		}
	}
}

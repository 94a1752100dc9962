package redisstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

var durable = []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"}

// said tells which settings are named, in order.
func said(about []string) string {
	names := slices.Clone(about)
	for i, text := range names {
		names[i], _, _ = strings.Cut(text, " ")
	}
	return strings.Join(names, ",")
}

func TestDurabilityNamesWhatLosesWhatWasAcknowledged(t *testing.T) {
	unlike := func(change ...string) []string { return append(slices.Clone(durable), change...) }
	for name, c := range map[string]struct {
		args                  []string
		forbid                []any
		violations, unchecked string
	}{
		"nothing":              {args: durable},
		"without its log":      {args: unlike("--appendonly", "no"), violations: "appendonly"},
		"log written later":    {args: unlike("--appendfsync", "everysec"), violations: "appendfsync"},
		"log put off":          {args: unlike("--no-appendfsync-on-rewrite", "yes"), violations: "no-appendfsync-on-rewrite"},
		"eviction":             {args: unlike("--maxmemory-policy", "volatile-lru"), violations: "maxmemory-policy"},
		"as it is by default":  {violations: "appendfsync,appendonly"},
		"CONFIG is not there":  {args: unlike("--rename-command", "CONFIG", ""), unchecked: "appendfsync,no-appendfsync-on-rewrite"},
		"and INFO tells of it": {args: unlike("--rename-command", "CONFIG", "", "--appendonly", "no"), violations: "appendonly", unchecked: "appendfsync,no-appendfsync-on-rewrite"},
		"neither is there": {
			args:      unlike("--rename-command", "CONFIG", "", "--rename-command", "INFO", ""),
			unchecked: "appendfsync,appendonly,maxmemory-policy,no-appendfsync-on-rewrite",
		},
		"neither is allowed": {
			args: durable, forbid: []any{"-config", "-info"}, unchecked: "appendfsync,appendonly,maxmemory-policy,no-appendfsync-on-rewrite",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, c.args...)
			if c.forbid != nil {
				server.Do(append([]any{"ACL", "SETUSER", "default"}, c.forbid...)...)
			}
			got, err := open(t, server.URL(), patient).Durability(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if v, u := said(got.Violations), said(got.Unchecked); v != c.violations || u != c.unchecked {
				t.Errorf("violations %q, unchecked %q; want %q, %q", v, u, c.violations, c.unchecked)
			}
			if want := c.violations+c.unchecked == ""; got.OK() != want {
				t.Errorf("OK = %v", got.OK())
			}
		})
	}
}

func TestDurabilityIsThatOfEveryMaster(t *testing.T) {
	a, b := startCluster(t, durable...)
	s := open(t, "redis+cluster://"+a.Addr, patient)
	check := func(violations string) error {
		got, err := s.Durability(t.Context())
		if err == nil && (said(got.Violations) != violations || len(got.Unchecked) != 0) {
			err = errors.New(strings.Join(append(got.Violations, got.Unchecked...), "; "))
		}
		return err
	}
	wantRecovery(t, func() error { return check("") })
	for _, server := range []*redistest.Server{a, b} {
		server.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
		if err := check("maxmemory-policy"); err != nil {
			t.Errorf("one of them evicts: %v", err)
		}
		server.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	}
}

func TestDurabilityOfAServerThatCannotBeAskedIsNotKnown(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T) string{
		"down": func(t *testing.T) string {
			server := redistest.Start(t)
			server.Kill()
			return server.URL()
		},
		"not let in": func(t *testing.T) string { return redistest.Start(t, "--requirepass", "x").URL() },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := open(t, prepare(t), patient).Durability(t.Context())
			if !errors.Is(err, redisstore.ErrUnavailable) {
				t.Errorf("%+v, %v; want ErrUnavailable", got, err)
			}
		})
	}
}

func TestAStoreWithinTheProcessIsNotDurable(t *testing.T) {
	s := embedded.Open(patient)
	t.Cleanup(func() { _ = s.Close() })
	got, err := s.Durability(t.Context())
	if err != nil || got.OK() || !strings.Contains(strings.Join(got.Violations, ""), "use a Redis server") {
		t.Errorf("%+v, %v; want what to set", got, err)
	}
}

package redisstore_test

import (
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestTimeIsTheServersClock(t *testing.T) {
	server := redistest.Start(t)
	embedded := embedded.Open(redisstore.Options{})
	defer func() { _ = embedded.Close() }()
	for name, s := range map[string]*redisstore.Store{"real": open(t, server.URL(), redisstore.Options{}), "embedded": embedded} {
		t.Run(name, func(t *testing.T) {
			before := time.Now().Add(-time.Millisecond) // all have the clock of this machine
			got, err := s.Grants().Time(t.Context(), "name")
			if err != nil || got.Before(before) || got.After(time.Now()) {
				t.Errorf("%v %v", got, err)
			}
			if _, found, err := s.Grants().Get(t.Context(), "name"); found || err != nil {
				t.Errorf("something was written: %v", err)
			}
		})
	}
	server.Kill()
	if _, err := open(t, server.URL(), redisstore.Options{}).Grants().Time(t.Context(), "name"); err == nil {
		t.Error("a server that is gone told its time")
	}
}

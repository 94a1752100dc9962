package redisstore_test

import (
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestWhoIsPatientOutwaitsARest(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), redisstore.Options{})
	add(t, s.WithTimeout(time.Minute).Grants(), "name", "grant")
	server.Stop()
	if _, _, err := s.Grants().Get(t.Context(), "name"); err == nil {
		t.Fatal("a server that is stopped answered")
	}
	type answer struct {
		value []byte
		err   error
	}
	answered := make(chan answer)
	go func() {
		value, _, err := s.WithTimeout(time.Minute).Grants().Get(t.Context(), "name")
		answered <- answer{value, err}
	}()
	if _, _, err := s.Grants().Get(t.Context(), "name"); err == nil {
		t.Error("a server that is stopped answered")
	}
	server.Continue()
	if got := <-answered; got.err != nil || string(got.value) != "grant" {
		t.Errorf("Get = %q, %v", got.value, got.err)
	}
}

func TestPatienceHasAnEnd(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), redisstore.Options{})
	add(t, s.WithTimeout(time.Minute).Grants(), "name", "grant")
	server.Kill()
	for range 3 {
		if _, found, err := s.WithTimeout(200*time.Millisecond).Grants().Get(t.Context(), "name"); err == nil || found {
			t.Errorf("Get = %v, %v; want an error", found, err)
		}
	}
}

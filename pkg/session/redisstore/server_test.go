package redisstore_test

import (
	"context"
	"net"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestConnectionsCanBeMadeByTheCaller(t *testing.T) {
	server := miniredis.NewMiniRedis()
	defer server.Close()
	s, err := redisstore.Open("redis://127.0.0.1:1", redisstore.Options{
		Dial: func(context.Context) (net.Conn, error) { return server.Dial() },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

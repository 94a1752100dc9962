package redisstore_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestTargetShowsNoPassword(t *testing.T) {
	for url, want := range map[string]string{
		"redis://127.0.0.1:6379":                   "redis://127.0.0.1:6379",
		"rediss://ann:pa55word@cache.example:1/2":  "rediss://cache.example:1/2",
		"redis://:pa55word@cache?dial_timeout=2s":  "redis://cache",
		"redis://cache?password=pa55word&db=3":     "redis://cache?db=3",
		"unix://ann:pa55word@/run/redis.sock?db=1": "unix:///run/redis.sock?db=1",
		"redis+sentinel://s:26379/0?master_name=m&username=ann&password=pa55word&addr=ann:pa55word@t:1": "redis+sentinel://s:26379/0?addr=t%3A1&master_name=m",
		"redis+cluster://:pa55word@c1?addr=c2:6379":                                                     "redis+cluster://c1?addr=c2%3A6379",
		"redis://:pa55%zzword@cache":                                                                    "redis",
		"http://ann:pa55word@cache":                                                                     "redis",
		"":                                                                                              "redis",
	} {
		if got := redisstore.Target(url); got != want || strings.Contains(got, "pa55") {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestChecksReachTheMaster(t *testing.T) {
	server := redistest.Start(t)
	store := open(t, server.URL(), patient)
	if err := store.CheckReach(t.Context()); err != nil {
		t.Error(err)
	}
	for range 2 { // the key of another check is in nobody's way
		if err := store.CheckWrites(t.Context()); err != nil {
			t.Error(err)
		}
	}
	server.Kill()
	if err := store.CheckReach(t.Context()); err == nil {
		t.Error("a server that is gone was reached")
	}
}

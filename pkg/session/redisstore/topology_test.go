package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// startCluster starts two masters with half of the slots each.
func startCluster(t *testing.T, more ...string) (a, b *redistest.Server) {
	t.Helper()
	args := append([]string{"--cluster-enabled", "yes", "--cluster-require-full-coverage", "no", "--cluster-node-timeout", "60000"},
		more...)
	a, b = redistest.Start(t, args...), redistest.Start(t, args...)
	a.Do("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
	b.Do("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
	host, port, err := net.SplitHostPort(b.Addr)
	if err != nil {
		t.Fatal(err)
	}
	a.Do("CLUSTER", "MEET", host, port)
	for _, server := range []*redistest.Server{a, b} {
		client := server.Client()
		wantRecovery(t, func() error {
			info, err := client.ClusterInfo(t.Context()).Result()
			if err == nil && !strings.Contains(info, "cluster_slots_assigned:16384\r\n") {
				err = fmt.Errorf("the nodes do not know each other")
			}
			return err
		})
	}
	return a, b
}

func TestAClusterIsUsedAndScannedWhole(t *testing.T) {
	a, b := startCluster(t)
	s := open(t, "redis+cluster://"+a.Addr, patient)
	r := s.Sessions()
	const n = 100
	for i := range n {
		name := fmt.Sprint("n", i)
		wantRecovery(t, func() error { _, err := r.SetNX(t.Context(), name, []byte("v"), time.Minute); return err })
		if ok, err := r.CompareAndSwap(t.Context(), name, []byte("v"), []byte(name), time.Minute); err != nil || !ok {
			t.Fatalf("Replace = %v, %v", ok, err)
		}
	}
	got := map[string]string{}
	for rec, err := range r.Scan(t.Context(), "n") {
		if err != nil {
			t.Fatal(err)
		}
		got[rec.Name] = string(rec.Value)
	}
	if len(got) != n || got["n42"] != "n42" {
		t.Errorf("Scan gave %d records, want %d", len(got), n)
	}
	for _, server := range []*redistest.Server{a, b} {
		if keys := server.Do("DBSIZE").(int64); keys == 0 || keys == n {
			t.Errorf("a master has %d of %d keys, want some", keys, n)
		}
	}
}

// A shard that is down must not keep calls from the others.
func TestAShardThatIsDownLeavesTheOthersInUse(t *testing.T) {
	a, b := startCluster(t)
	s := open(t, "redis+cluster://"+a.Addr, patient)
	r := s.Sessions()
	onA, onB := nameIn(t, a, true), nameIn(t, a, false)
	get := func(name string) error { _, _, err := r.Get(t.Context(), name); return err }
	wantRecovery(t, func() error { return get(onA) })
	wantRecovery(t, func() error { return get(onB) })
	b.Kill()
	for range 20 {
		if err := get(onA); err != nil {
			t.Fatalf("the shard that is up: %v", err)
		}
		if err := get(onB); !errors.Is(err, redisstore.ErrUnavailable) {
			t.Fatalf("the shard that is down: %v, want ErrUnavailable", err)
		}
	}
}

// nameIn gives a name whose key is in the lower half of the slots, or in the upper.
func nameIn(t *testing.T, server *redistest.Server, lower bool) string {
	t.Helper()
	client := server.Client()
	for i := range 1000 {
		name := fmt.Sprint("n", i)
		slot, err := client.ClusterKeySlot(t.Context(), "gw:s:"+name).Result()
		if err != nil {
			t.Fatal(err)
		}
		if slot < 8192 == lower {
			return name
		}
	}
	t.Fatal("no such name")
	return ""
}

func TestAFailoverOfSentinelIsFollowed(t *testing.T) {
	master, replica := redistest.Start(t), redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica.Do("REPLICAOF", host, port)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	settings := fmt.Sprintf("sentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 200\n"+
		"sentinel failover-timeout main 2000\n", host, port)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := redistest.StartSentinel(t, config)
	s := open(t, "redis+sentinel://"+sentinel.Addr+"?master_name=main", patient)
	wantRecovery(t, func() error { return swap(t, s) })
	client := sentinel.Client()
	wantRecovery(t, func() error {
		known, err := client.Do(context.Background(), "SENTINEL", "REPLICAS", "main").Slice()
		if err == nil && len(known) == 0 {
			err = fmt.Errorf("the sentinel does not know the replica")
		}
		return err
	})
	master.Kill()
	wantRecovery(t, func() error { return swap(t, s) })
	if role := replica.Do("ROLE").([]any)[0]; role != "master" {
		t.Errorf("the replica is %v", role)
	}
	if err := read(t, s); err != nil {
		t.Error(err)
	}
}

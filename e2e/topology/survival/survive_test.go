//go:build unix

package survival_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

const (
	clients = 200
	calls   = 20
	kills   = 3 // of replicas, in the script below
)

func TestClientsSurviveLostReplicasAndRedisOutages(t *testing.T) {
	for _, era := range []struct {
		name, version string
		initializes   int
	}{
		{"legacy", "2025-11-25", 1},
		{"modern", "", 0},
	} {
		t.Run(era.name, func(t *testing.T) {
			t.Parallel() // much of its time is waiting
			redis := redistest.Start(t)
			env := []string{
				"CLERK_API_URL=" + newSandbox(t), "GATEWAY_REDIS_URL=" + redis.URL(),
				// On a busy machine a call may wait too long for its turn, and the balancer notice
				// late that a replica stops.
				fmt.Sprint("GATEWAY_MAX_IN_FLIGHT=", 2*clients), "GATEWAY_DRAIN_DELAY=5s",
			}
			var replicas []*replica
			for _, name := range []string{"replica 1", "replica 2", "replica 3"} {
				replicas = append(replicas, newReplica(t, name, env...))
			}
			proxy := newProxy(t, replicas...)
			f := newFleet(t, proxy.URL+"/mcp", era.version, clients)

			f.run(calls)
			f.during(2, nil)
			f.during(2, func() { replicas[0].stop(); replicas[0].start() })
			f.during(2, func() { replicas[1].kill(); replicas[1].start() })
			f.during(2, redis.Restart)
			f.during(2, func() { replicas[2].stop(); replicas[2].start() })
			f.during(4, func() {
				unreachable := time.After(5 * time.Second)
				redis.Stop()
				defer redis.Continue()
				replicas[0].kill()
				replicas[0].start() // and has never seen Redis
				<-unreachable
			})
			f.during(2, redis.Restart)
			f.during(2, func() { replicas[1].stop(); replicas[1].start() })
			f.during(2, func() { replicas[2].kill(); replicas[2].start() })
			if n, _ := redis.Do("DBSIZE").(int64); int(n) < era.initializes*clients {
				t.Errorf("Redis has %d keys: not every session's record was written again", n)
			}
			f.end()

			excused := 0
			for i := range clients {
				seen := proxy.clients[strconv.Itoa(i)]
				if seen.initializes != era.initializes {
					t.Errorf("client %d initialized %d times", i, seen.initializes)
				}
				if len(seen.sessions) != era.initializes {
					t.Errorf("client %d had %d sessions", i, len(seen.sessions))
				}
				for _, failure := range seen.failures {
					t.Errorf("client %d: %s", i, failure)
				}
				if f.errors[i] > seen.excused {
					t.Errorf("client %d saw %d errors, %d of them of calls on a replica that was killed", i, f.errors[i], seen.excused)
				}
				if seen.excused > kills {
					t.Errorf("client %d lost %d calls to %d kills", i, seen.excused, kills)
				}
				excused += seen.excused
			}
			t.Logf("%d clients made %d calls each; %d were under way on a replica when it was killed", clients, calls, excused)
		})
	}
}

//go:build unix

package survival_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

var killings = flag.Int("killings", 6, "how many histories with killed replicas are run")

// What each history has.
const (
	sendings = 4 // messages that are meant, each under a key of its own
	asked    = 4 // how often a client asks until it knows
	lanes    = 4 // histories at once, if -parallel lets them
)

// sending is a message that somebody means to send once, and all that was said of it.
type sending struct {
	key, text string
	told      []told
}

// told is an answer: what became of it, the id it has, and the words.
type told struct{ outcome, id, text string }

// killed is three replicas behind gates, whose processes are killed as they go along.
type killed struct {
	t        *testing.T
	sandbox  string
	replicas []*replica
	kills    *atomic.Int64
	gates    [][]*gate // of each replica: to Redis and to the API
}

func newKilled(t *testing.T, kills *atomic.Int64) *killed {
	t.Helper()
	k := &killed{t: t, kills: kills}
	redis := redistest.Start(t)
	k.sandbox = newSandbox(t)
	for n := range 3 {
		store, api := newGate(t, redis.Addr), newGate(t, strings.TrimPrefix(k.sandbox, "http://"))
		k.gates = append(k.gates, []*gate{store, api})
		k.replicas = append(k.replicas, newReplica(t, fmt.Sprint("replica ", n),
			"GATEWAY_REDIS_URL=redis://"+store.Addr().String(), "CLERK_API_URL=http://"+api.Addr().String()))
	}
	return k
}

func TestAMessageIsSentOnceWhereverReplicasAreKilled(t *testing.T) {
	var next, kills atomic.Int64
	t.Run("in", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
				t.Parallel()
				k := newKilled(t, &kills)
				var all []*sending
				for seed := next.Add(1); seed <= int64(*killings) && !t.Failed(); seed = next.Add(1) {
					all = append(all, k.history(seed)...)
				}
				k.verify(all)
			})
		}
	})
	t.Logf("in %d histories a replica was killed %d times", *killings, kills.Load())
	if kills.Load() == 0 && redistest.Available() {
		t.Error("nobody was killed, so these histories show nothing")
	}
}

// history sends some messages, one replica of which is killed at a random step and started again,
// and repeats what was not answered.
func (k *killed) history(seed int64) []*sending {
	r := rand.New(rand.NewPCG(uint64(seed), 5)) //nolint:gosec // a seed makes the same history
	if r.IntN(2) == 0 {
		k.fault(r)
	}
	n, side := r.IntN(len(k.replicas)), r.IntN(2)
	victim, gate := k.replicas[n], k.gates[n][side]
	gate.arm(r.IntN([]int{40, 5}[side]), victim.kill)
	var meant []*sending
	var sent sync.WaitGroup
	for n := range sendings {
		s := &sending{key: fmt.Sprintf("key %d-%d", seed, n), text: fmt.Sprintf("text %d-%d", seed, n)}
		meant = append(meant, s)
		at := []int{r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)}
		sent.Go(func() {
			for try := range asked {
				answer, ok := k.send(k.replicas[at[try]], s)
				s.told = append(s.told, answer)
				if ok && answer.outcome != "in_progress" && answer.outcome != "not_executed" {
					return
				}
			}
		})
	}
	sent.Wait()
	if !gate.disarm() {
		k.kills.Add(1)
		victim.kill() // returns when it has ended
		victim.start()
	}
	return meant
}

func (k *killed) fault(r *rand.Rand) {
	fault := []string{
		`"kind":"drop_after_commit"`, `"kind":"drop_before_commit"`, `"kind":"status","status":503,"after_commit":true`,
		`"kind":"status","status":502`, `"kind":"commit_late","ms":1500`, `"kind":"delay","ms":300`,
	}[r.IntN(6)]
	k.control(http.MethodPut, "/_sandbox/faults", `{"operation":"sendMessage",`+fault+`}`, nil)
}

// send makes a call with the key and tells whether it was answered.
func (k *killed) send(to *replica, s *sending) (told, bool) {
	arguments, err := json.Marshal(map[string]any{
		"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": s.text, "idempotency_key": s.key,
	})
	if err != nil {
		k.t.Error(err)
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), callTimeout)
	defer cancel()
	a, err := rpctest.Post(to.url()+"/mcp", rpctest.Call(1, "send_message", string(arguments))).Send(ctx, http.DefaultClient)
	if err != nil {
		return told{text: err.Error()}, false
	}
	var result struct {
		Content           []struct{ Text string }
		StructuredContent struct{ ID string }
		Meta              map[string]string `json:"_meta"`
	}
	all, err := a.Messages()
	if err != nil || len(all) != 1 || json.Unmarshal(all[0].Result, &result) != nil || len(result.Content) == 0 {
		k.t.Errorf("%s answered %d %s", to.name, a.Status, a.Body)
		return told{text: a.Body}, false
	}
	return told{result.Meta["chat.clerk/disposition"], result.StructuredContent.ID, result.Content[0].Text}, true
}

// verify asks for everything once more and holds what was told against what was committed.
func (k *killed) verify(all []*sending) {
	var asking sync.WaitGroup
	for n, s := range all {
		asking.Go(func() {
			// A refusal says that the call may be made again in a moment, as where Redis is late on
			// a busy machine.
			testkit.Reached(func() bool { // or else verify says what it is
				answer, ok := k.send(k.replicas[n%len(k.replicas)], s)
				if !ok {
					k.t.Errorf("%s: no answer in the end: %s", s.key, answer.text)
				}
				s.told = append(s.told, answer)
				return answer.outcome != "not_executed" && answer.outcome != "in_progress"
			})
		})
	}
	asking.Wait()
	var committed struct {
		Messages []struct {
			ID   json.Number
			Body string
		}
	}
	k.control(http.MethodGet, "/_sandbox/messages", "", &committed)
	ids := map[string][]string{}
	for _, m := range committed.Messages {
		ids[m.Body] = append(ids[m.Body], m.ID.String())
	}
	for _, s := range all {
		there := ids[s.text]
		if len(there) > 1 {
			k.t.Errorf("%s was sent %d times", s.key, len(there))
		}
		for _, answer := range s.told {
			known := answer.outcome == "executed" || answer.outcome == "replayed" || answer.outcome == "reconciled"
			if known && (len(there) == 0 || answer.id != "" && answer.id != there[0]) {
				k.t.Errorf("%s is said to be %s as %q; there are %v", s.key, answer.outcome, answer.id, there)
			}
		}
		last := s.told[len(s.told)-1]
		switch last.outcome {
		case "executed", "replayed", "reconciled":
		case "not_found_yet", "indeterminate":
			if len(there) > 0 {
				k.t.Errorf("%s is there and said to be %s: %s", s.key, last.outcome, last.text)
			}
		default:
			k.t.Errorf("%s is %q in the end: %s", s.key, last.outcome, last.text)
		}
		if k.t.Failed() {
			k.t.Logf("%s: %q", s.key, s.told)
		}
	}
}

// control asks the sandbox for something that no client can.
func (k *killed) control(method, path, body string, into any) {
	k.t.Helper()
	a := rpctest.Request{Method: method, URL: k.sandbox + path, Body: body}.Do(k.t)
	if into == nil {
		into = new(any)
	}
	if a.Into(k.t, into); a.Status >= http.StatusMultipleChoices {
		k.t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
}

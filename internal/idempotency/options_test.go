package idempotency_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func wholeOptions(t *testing.T) idempotency.Options {
	t.Helper()
	s := newMemStore()
	o := idempotency.Options{
		Operations: s.part(operations), Queues: s.part(queues), Fingerprints: s.part(fingerprints), Claims: s.part(claims), Replicas: s.part(replicas),
		Epoch: s.part(epochs),
	}
	underSecrets(t, secretA)(&o)
	return o
}

func TestNewRefusesEachMissingPartAndNegativeTime(t *testing.T) {
	if m, err := idempotency.New(wholeOptions(t)); err != nil || m == nil {
		t.Fatalf("whole options are refused: %v", err)
	}
	for name, spoil := range map[string]func(*idempotency.Options){
		"Operations":   func(o *idempotency.Options) { o.Operations = nil },
		"Queues":       func(o *idempotency.Options) { o.Queues = nil },
		"Fingerprints": func(o *idempotency.Options) { o.Fingerprints = nil },
		"Claims":       func(o *idempotency.Options) { o.Claims = nil },
		"Replicas":     func(o *idempotency.Options) { o.Replicas = nil },
		"Epoch":        func(o *idempotency.Options) { o.Epoch = nil },
		"Sealer":       func(o *idempotency.Options) { o.Sealer = nil },
		"Digester":     func(o *idempotency.Options) { o.Digester = nil },

		"KeyLife":            func(o *idempotency.Options) { o.KeyLife = -1 },
		"RetransmissionLife": func(o *idempotency.Options) { o.RetransmissionLife = -1 },
		"Attempt":            func(o *idempotency.Options) { o.Attempt = -1 },
		"Patience":           func(o *idempotency.Options) { o.WaitTime = -1 },
		"TurnPatience":       func(o *idempotency.Options) { o.QueueTime = -1 },
		"TakeoverPatience":   func(o *idempotency.Options) { o.TakeoverTime = -1 },
		"SettleTime":         func(o *idempotency.Options) { o.ReconcileTime = -1 },
		"Margin":             func(o *idempotency.Options) { o.Margin = -1 },
		"Heartbeat":          func(o *idempotency.Options) { o.Heartbeat = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			o := wholeOptions(t)
			spoil(&o)
			if m, err := idempotency.New(o); err == nil || m != nil {
				t.Errorf("it is taken: %v", err)
			}
		})
	}
}

func TestHowLateARetransmissionIsRecognized(t *testing.T) {
	for name, tc := range map[string]struct {
		held time.Duration
		want mcpadapter.State
	}{
		"at the border": {10 * time.Second, mcpadapter.Executed},
		"beyond it":     {10*time.Second + 1, mcpadapter.StoreDown},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 1)
				var a api
				w := a.contact("", "Jane", outcome{})
				w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1", Held: tc.held}
				want(t, p[0], w, tc.want)
			})
		})
	}
}

func TestAnUnknownOutcomeKeepsTheAttemptsResult(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		made := noAnswer
		made.Result = mcpadapter.Result{Text: "no answer", IsError: true}
		if f := want(t, p[0], message("k", made), mcpadapter.NotFoundYet); f.Result.Text != "no answer" {
			t.Errorf("told %q", f.Result.Text)
		}
	})
}

func TestAVerdictOnAnEarlierCallIsMarkedEarlier(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		all.Go(func() { do(t.Context(), p[0], a.contact("slow", "Jane", outcome{takes: 100 * time.Second})) })
		time.Sleep(time.Second)
		if f := want(t, p[1], a.contact("slow", "Jane", outcome{}), mcpadapter.InProgress); !f.Earlier {
			t.Error("under way, and not earlier")
		}
		all.Wait()
		for _, name := range s.names(operations) {
			_, _, _ = s.part(operations).GetSet(t.Context(), name, []byte("rubbish"), time.Hour)
		}
		if f := want(t, p[1], a.contact("slow", "Jane", outcome{}), mcpadapter.Indeterminate); !f.Earlier {
			t.Error("unreadable, and not earlier")
		}
	})
}

// named is what names are made of.
type named struct {
	mu   sync.Mutex
	seen []string
}

func (n *named) Digests(data []byte) [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, string(data))
	d := sha256.Sum256(data)
	return [][]byte{d[:]}
}

// Replicas of two versions run side by side, so what names are made of, and in which order, stays.
func TestTheNamesOfKeysStay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		n := &named{}
		_, p := running(t, 1, func(o *idempotency.Options) { o.Digester = n })
		var a api
		w := of("ann", a.message("k", "text", outcome{}))
		w.Part = 3
		want(t, p[0], w, mcpadapter.Executed)
		w.Key, w.Retransmission = "", mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
		want(t, p[0], w, mcpadapter.Executed)
		w.Retransmission.ProxyRequestID = "p"
		want(t, p[0], w, mcpadapter.Executed)
		b := func(s string) []byte { return []byte(s) }
		for _, parts := range [][]any{
			{b("key"), b("ann"), b("k"), 3},
			{b("request"), b("ann"), b("s"), b("n:1"), b("send_message"), w.Digest[:], 3},
			{b("proxy"), b("ann"), b("p"), b("n:1"), b("send_message"), w.Digest[:], 3},
			{b("likeness"), w.Fingerprint[:]},
			{b("queue"), b("ann"), w.Fingerprint[:]},
			{b("claim"), b("m1"), w.Fingerprint[:]},
			{b("claim"), b("m1")},
		} {
			data, _ := json.Marshal(parts)
			if !slices.Contains(n.seen, string(data)) {
				t.Errorf("nothing is named by %s", data)
			}
		}
	})
}

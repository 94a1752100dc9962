package once_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func wholeOptions(t *testing.T) once.Options {
	t.Helper()
	s := newShelf()
	o := once.Options{
		Works: s.part(works), Queues: s.part(queues), Likenesses: s.part(likenesses), Claims: s.part(claims), Replicas: s.part(replicas),
		Epoch: s.part(epochs),
	}
	underSecrets(t, secretA)(&o)
	return o
}

func TestNewRefusesEachMissingPartAndNegativeTime(t *testing.T) {
	if m, err := once.New(wholeOptions(t)); err != nil || m == nil {
		t.Fatalf("whole options are refused: %v", err)
	}
	for name, spoil := range map[string]func(*once.Options){
		"Works":      func(o *once.Options) { o.Works = nil },
		"Queues":     func(o *once.Options) { o.Queues = nil },
		"Likenesses": func(o *once.Options) { o.Likenesses = nil },
		"Claims":     func(o *once.Options) { o.Claims = nil },
		"Replicas":   func(o *once.Options) { o.Replicas = nil },
		"Epoch":      func(o *once.Options) { o.Epoch = nil },
		"Sealer":     func(o *once.Options) { o.Sealer = nil },
		"Digester":   func(o *once.Options) { o.Digester = nil },

		"KeyLife":          func(o *once.Options) { o.KeyLife = -1 },
		"TraceLife":        func(o *once.Options) { o.TraceLife = -1 },
		"Attempt":          func(o *once.Options) { o.Attempt = -1 },
		"Patience":         func(o *once.Options) { o.Patience = -1 },
		"TurnPatience":     func(o *once.Options) { o.TurnPatience = -1 },
		"TakeoverPatience": func(o *once.Options) { o.TakeoverPatience = -1 },
		"SettleTime":       func(o *once.Options) { o.SettleTime = -1 },
		"Margin":           func(o *once.Options) { o.Margin = -1 },
		"Heartbeat":        func(o *once.Options) { o.Heartbeat = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			o := wholeOptions(t)
			spoil(&o)
			if m, err := once.New(o); err == nil || m != nil {
				t.Errorf("it is taken: %v", err)
			}
		})
	}
}

func TestHowLateARetransmissionMayBeRecognized(t *testing.T) {
	for name, tc := range map[string]struct {
		held time.Duration
		want mcpadapter.State
	}{
		"at the border": {10 * time.Second, mcpadapter.StateKnown},
		"beyond it":     {10*time.Second + 1, mcpadapter.StateNoMemory},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := settled(t, 1)
				var a api
				w := a.contact("", "Jane", fate{})
				w.Trace = mcpadapter.Trace{Session: "s", RequestID: "n:1", Held: tc.held}
				want(t, p[0], w, tc.want)
			})
		})
	}
}

func TestAnUnknownOutcomeKeepsWhatTheAttemptTold(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := settled(t, 1)
		made := noAnswer
		made.Result = mcpadapter.Result{Text: "no answer", IsError: true}
		if f := want(t, p[0], message("k", made), mcpadapter.StateNotSeen); f.Result.Text != "no answer" {
			t.Errorf("told %q", f.Result.Text)
		}
	})
}

func TestWhatIsSaidOfAnEarlierCallIsMarkedEarlier(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 2)
		var a api
		var all sync.WaitGroup
		all.Go(func() { p[0].Do(t.Context(), a.contact("slow", "Jane", fate{takes: 100 * time.Second})) })
		time.Sleep(time.Second)
		if f := want(t, p[1], a.contact("slow", "Jane", fate{}), mcpadapter.StateUnderWay); !f.Earlier {
			t.Error("under way, and not earlier")
		}
		all.Wait()
		for _, name := range s.names(works) {
			_, _, _ = s.part(works).Swap(t.Context(), name, []byte("rubbish"), time.Hour)
		}
		if f := want(t, p[1], a.contact("slow", "Jane", fate{}), mcpadapter.StateUndecided); !f.Earlier {
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
func TestWhatNamesAreMadeOfStays(t *testing.T) {
	inTime(t, func(t *testing.T) {
		n := &named{}
		_, p := settled(t, 1, func(o *once.Options) { o.Digester = n })
		var a api
		w := of("ann", a.message("k", "text", fate{}))
		w.Part = 3
		want(t, p[0], w, mcpadapter.StateKnown)
		w.Key, w.Trace = "", mcpadapter.Trace{Session: "s", RequestID: "n:1"}
		want(t, p[0], w, mcpadapter.StateKnown)
		w.Trace.ProxyRequestID = "p"
		want(t, p[0], w, mcpadapter.StateKnown)
		b := func(s string) []byte { return []byte(s) }
		for _, parts := range [][]any{
			{b("key"), b("ann"), b("k"), 3},
			{b("request"), b("ann"), b("s"), b("n:1"), b("send_message"), w.Digest[:], 3},
			{b("proxy"), b("ann"), b("p"), b("n:1"), b("send_message"), w.Digest[:], 3},
			{b("likeness"), w.Likeness[:]},
			{b("queue"), b("ann"), w.Likeness[:]},
			{b("claim"), b("m1"), w.Likeness[:]},
			{b("claim"), b("m1")},
		} {
			data, _ := json.Marshal(parts)
			if !slices.Contains(n.seen, string(data)) {
				t.Errorf("nothing is named by %s", data)
			}
		}
	})
}

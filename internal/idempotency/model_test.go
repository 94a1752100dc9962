package idempotency_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

var (
	modelSeed  = flag.Uint64("model.seed", 0, "run this history only")
	modelTries = flag.Int("model.tries", 1500, "how many histories are run")
)

// model is a random history: calls under some keys, brought again at any replica while the store
// and the API fail, and replicas die and come back with another clock.
type model struct {
	t     *testing.T
	r     *rand.Rand
	s     *memStore
	a     api
	mu    sync.Mutex
	slots [3]*process
	told  []told
	// wild: clocks or the store cannot be relied on.
	wild, wiped bool
	log         []string
}

// told is what a call was told.
type told struct {
	key   string
	begun time.Time
	f     mcpadapter.Verdict
	last  bool
}

func (m *model) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, fmt.Sprintf("%9.3f ", float64(time.Now().UnixMilli()%1e8)/1000)+fmt.Sprintf(format, args...))
}

func (m *model) boot(slot int, off time.Duration) {
	p := start(m.t, m.s, func(o *idempotency.Options) {
		o.Now = func() time.Time { return time.Now().Add(off) }
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slots[slot] = p
}

func (m *model) at(slot int) *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.slots[slot]
}

// outcome is of a request of this history.
func (m *model) outcome(r *rand.Rand) outcome {
	f := outcome{takes: time.Duration(r.Int64N(int64(3 * time.Second)))}
	switch r.IntN(8) {
	case 0:
		f.cut = true
	case 1:
		f.dropped = true
	case 2:
		f.late = time.Duration(r.Int64N(int64(2 * time.Minute)))
	case 3:
		f.refused = true
	case 4:
		f.takes += time.Duration(r.Int64N(int64(time.Minute)))
	}
	return f
}

func (m *model) call(key, text string, slot int, f outcome, last bool) {
	w := m.a.message(key, text, f)
	if strings.HasPrefix(text, "contact") {
		w = m.a.contact(key, text, f)
	}
	w.Digest = sha256.Sum256([]byte(text))
	w.Tenant = []string{"", "another"}[int(key[len(key)-1])%2] // looks show what both have made
	p := m.at(slot)
	begun := time.Now()
	found := do(m.t.Context(), p, w)
	if p != m.at(slot) {
		return // it died before it could tell
	}
	m.note("%s at %d, begun %v ago, outcome %+v: %s %s", key, slot, time.Since(begun), f, stateName(found.State), found.Result.Text)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, told{key, begun, found, last})
}

func (m *model) pause(r *rand.Rand, most time.Duration) {
	time.Sleep(time.Duration(r.Int64N(int64(most))))
}

// disturb has the store fail and replicas die while calls are made.
func (m *model) disturb(r *rand.Rand) {
	for range 2 + r.IntN(6) {
		m.pause(r, 20*time.Second)
		slot := r.IntN(len(m.slots))
		p := m.at(slot)
		switch r.IntN(6) {
		case 0, 1:
			share := []float64{0.05, 0.3, 1}[r.IntN(3)]
			m.note("the store fails for %d in %v", slot, share)
			p.line.set(func(l *line) {
				l.rule = func(string, string, string) fault {
					if r := rand.Float64(); r > share {
						return noFault
					}
					return []fault{before, after}[rand.IntN(2)]
				}
			})
			m.pause(r, 10*time.Second)
			p.line.away(false)
		case 2:
			m.note("the store is slow for %d", slot)
			p.line.set(func(l *line) { l.delay = time.Duration(r.Int64N(int64(2 * time.Second))) })
			m.pause(r, 20*time.Second)
			p.line.set(func(l *line) { l.delay = 0 })
		case 3, 4:
			off := time.Duration(0)
			if m.wild {
				off = time.Duration(r.Int64N(int64(6*time.Hour))) - 3*time.Hour
			}
			m.note("%d dies, and comes back with its clock off by %v", slot, off)
			m.boot(slot, off)
			p.die()
		case 5:
			if m.wild && r.IntN(3) == 0 {
				m.note("the store loses its data")
				m.wiped = true
				m.s.lose()
			}
		}
	}
}

func (m *model) run() {
	m.wild = m.r.IntN(3) == 0
	for slot := range m.slots {
		m.boot(slot, 0)
	}
	time.Sleep(10 * time.Second)
	var all sync.WaitGroup
	keys := map[string]string{}
	for i := range 2 + m.r.IntN(4) {
		key, text := fmt.Sprint("k", i), []string{"text 1", "text 2", "contact"}[m.r.IntN(3)]
		if text == "contact" {
			text += key
		}
		keys[key] = text
		for range 1 + m.r.IntN(5) {
			r := rand.New(rand.NewPCG(m.r.Uint64(), 0))
			all.Go(func() {
				m.pause(r, 90*time.Second)
				m.call(key, text, r.IntN(len(m.slots)), m.outcome(r), false)
			})
		}
	}
	m.disturb(rand.New(rand.NewPCG(m.r.Uint64(), 0)))
	all.Wait()
	time.Sleep(5 * time.Minute) // all that is late has come
	for key, text := range keys {
		m.call(key, text, 0, outcome{}, true)
		m.call(key, text, 1, outcome{}, true)
	}
}

// wrong says what must not be.
func (m *model) wrong() (wrong []string) {
	fault := func(t told, format string, args ...any) {
		wrong = append(wrong, t.key+", told "+stateName(t.f.State)+" "+t.f.Result.Text+": "+fmt.Sprintf(format, args...))
	}
	for _, t := range m.told {
		ids := m.a.by(t.key)
		if len(ids) > 1 {
			fault(t, "it was made %d times: %v", len(ids), ids)
		}
		var done bool
		switch t.f.State {
		case mcpadapter.Executed, mcpadapter.Replayed, mcpadapter.Reconciled:
			done = !t.f.Result.IsError
			if done && (len(ids) != 1 || t.f.Result.Text != string(resultOf(ids[0]).Structured)) {
				fault(t, "there is %v", ids)
			}
			if !done && len(ids) == 1 && m.madeAt(ids[0]).Before(t.begun) {
				fault(t, "it was there before")
			}
		case mcpadapter.StoreDown, mcpadapter.StoreReset, mcpadapter.Queued:
		case mcpadapter.NotFoundYet:
			if len(ids) == 1 && !m.wild && m.madeAt(ids[0]).Before(t.begun) {
				fault(t, "it was there before")
			}
		case mcpadapter.KeyReused:
			fault(t, "it was the same")
		}
		switch {
		case !t.last || m.wiped:
		case t.f.State == mcpadapter.InProgress, t.f.State == mcpadapter.StoreDown, t.f.State == mcpadapter.Queued:
			fault(t, "nothing else is done")
		}
	}
	return wrong
}

func (m *model) madeAt(id string) time.Time {
	m.a.mu.Lock()
	defer m.a.mu.Unlock()
	for _, made := range m.a.made {
		if made.id == id {
			return made.at
		}
	}
	return time.Time{}
}

func TestRandomHistories(t *testing.T) {
	seeds, again := []uint64{*modelSeed}, 20
	if *modelSeed == 0 {
		again, seeds = 1, nil
		for i := range *modelTries {
			seeds = append(seeds, uint64(i+1))
		}
	}
	for _, seed := range seeds {
		for range again {
			synctest.Test(t, func(t *testing.T) {
				m := &model{t: t, r: rand.New(rand.NewPCG(seed, 1)), s: newMemStore()}
				m.run()
				if wrong := m.wrong(); len(wrong) > 0 {
					t.Errorf("seed %d; -model.seed %d makes it again\n%s\n\n%s", seed, seed, strings.Join(wrong, "\n"), strings.Join(m.log, "\n"))
				}
			})
			if t.Failed() {
				return
			}
		}
	}
}

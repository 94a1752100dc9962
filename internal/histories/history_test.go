package histories_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// history is what a seed makes.
type history struct {
	intents []*intent
	clients []*client
	events  []event
	// divided: each person is a tenant. They share a workspace all the same, and see each other's
	// messages.
	divided bool
}

func newHistory(seed uint64) *history {
	r := rand.New(rand.NewPCG(seed, 20)) //nolint:gosec // what happens must be the same for a seed
	h := &history{divided: seed%2 == 0}
	for n := range 2 + r.IntN(2) {
		h.clients = append(h.clients, &client{subject: []string{"ann", "ben"}[n%2], modern: chance(r, 30), proxied: chance(r, 40)})
	}
	for n := range 2 + r.IntN(4) {
		h.intents = append(h.intents, newIntent(r, n, h.clients[r.IntN(len(h.clients))], h.intents))
	}
	h.events = newEvents(r)
	if chance(r, 10) {
		h.forget(r)
	}
	return h
}

// forget has Redis come back empty. Somebody has to be there who remembers that it was not, so
// nobody dies.
func (h *history) forget(r *rand.Rand) {
	h.events = slices.DeleteFunc(h.events, func(e event) bool { return e.kills })
	outage := upTo(r, time.Second)
	h.events = append(h.events, event{at: upTo(r, 15*time.Second), what: func(w *world) { w.outage(outage, true) }})
	for _, i := range h.intents {
		for m := range i.moves {
			for t := range i.moves[m].traps {
				if trap := &i.moves[m].traps[t]; trap.act == die {
					trap.act = cut
				}
			}
		}
	}
}

const (
	// warmUp is how long replicas are given at first to find each other.
	warmUp = 6 * time.Second
	// notice is how long replicas are given in the end to see that Redis came back empty.
	notice = 10 * time.Second
	// silence is how long nothing happens before everything is asked for once more.
	silence = latest + 40*time.Second
)

// outcome is what came of a history.
type outcome struct {
	wrong []string
	notes []string       // what happened
	told  map[string]int // how often clients were told what
	open  int            // messages of which clients could have been told in the end
}

func (o outcome) String() string {
	return strings.Join(o.wrong, "\n") + "\n\n" + strings.Join(o.notes, "\n")
}

// run lets it happen and says what is wrong in the end.
func (h *history) run(l lab) outcome {
	w := newWorld(l)
	w.divided = h.divided
	end := w.run()
	defer end()
	for slot := range replicas {
		w.boot(slot)
	}
	time.Sleep(warmUp)
	for _, c := range h.clients {
		w.open(c)
	}
	var happening sync.WaitGroup
	for _, e := range h.events {
		happening.Go(func() {
			time.Sleep(e.at)
			e.what(w)
		})
	}
	for _, i := range h.intents {
		happening.Go(func() { w.play(i) })
	}
	happening.Wait()

	time.Sleep(notice)
	w.control(http.MethodDelete, "/_sandbox/faults", "")
	w.died = w.processes > replicas || len(w.alive()) < replicas
	for _, p := range w.alive() {
		p.die()
	}
	time.Sleep(silence)
	before := w.made()
	w.boot(0)
	time.Sleep(warmUp)
	for _, i := range h.intents {
		if i.key != "" {
			happening.Go(func() { w.askAgain(i) })
		}
	}
	happening.Wait()
	for _, i := range h.intents {
		for _, c := range i.calls {
			c.change(func() {}) // what replicas noted after the client had gone is noted by now, and seen from here on
		}
	}
	v := &verdict{world: w, before: before, after: w.made()}
	v.judge(h.intents)
	told := map[string]int{}
	for _, i := range h.intents {
		for _, c := range i.calls {
			told[c.path]++
		}
	}
	return outcome{v.wrong, w.notes, told, v.open}
}

// open gives a client of the era that has them a session.
func (w *world) open(c *client) {
	if c.modern {
		return
	}
	ctx := request.With(withProcess(context.Background(), w.pick(0)), &request.Request{Caller: identity.Caller{Subject: c.subject}})
	a := rpctest.Post("/mcp", rpctest.Method(1, "initialize",
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"histories","version":"1"}}`)).Serve(ctx, w.shell)
	if c.session = a.Header.Get("Mcp-Session-Id"); c.session == "" {
		panic(fmt.Sprintf("initialize: %d %s", a.Status, a.Body))
	}
}

// pick chooses a replica as a balancer does. If none is left, one is started.
func (w *world) pick(n int) *process {
	alive := w.alive()
	if len(alive) == 0 {
		return w.boot(n % replicas)
	}
	return alive[n%len(alive)]
}

// play makes the moves of an intent.
func (w *world) play(i *intent) {
	var moving sync.WaitGroup
	var first transmission
	for n, m := range i.moves {
		if n > 0 && !m.twin {
			moving.Wait()
		}
		time.Sleep(m.after)
		t := i.transmission(i.requestID + n)
		if m.same {
			t = first
		}
		if n == 0 {
			first = t
		}
		for _, fault := range []string{m.fault, m.lookless} {
			if fault != "" {
				w.note("the API will: %s", fault)
				w.control(http.MethodPut, "/_sandbox/faults", fault)
			}
		}
		p := w.pick(m.pick)
		for _, trap := range m.traps {
			p.arm(trap)
		}
		c := w.newCall(i)
		moving.Go(func() { w.transmit(p, c, t, m.patience) })
	}
	moving.Wait()
}

// askAgain makes a call with the intent's key when everything works.
func (w *world) askAgain(i *intent) {
	c := w.newCall(i)
	c.last = true
	w.transmit(w.pick(0), c, i.transmission(i.requestID+900), endless)
}

func (w *world) newCall(i *intent) *call {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := &call{number: 100*i.number + len(i.calls), intent: i}
	i.calls = append(i.calls, c)
	return c
}

// kill ends a replica, and starts it again after a while.
func (w *world) kill(slot int, again bool, after time.Duration) {
	w.mu.Lock()
	p := w.slots[slot]
	w.mu.Unlock()
	w.note("%s is killed", p.name)
	p.die()
	if !again {
		return
	}
	time.Sleep(after)
	w.mu.Lock()
	taken := w.slots[slot] != p
	w.mu.Unlock()
	if !taken {
		w.note("%s is started again", w.boot(slot).name)
	}
}

// jump moves the clock of a replica.
func (w *world) jump(slot int, by time.Duration) {
	w.mu.Lock()
	p := w.slots[slot]
	w.jumped = true
	w.mu.Unlock()
	w.note("the clock of %s jumps by %v", p.name, by)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jump += by
}

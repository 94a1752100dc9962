package histories_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// process is one run of a replica. What it has of its own is what a process has: connections, a
// clock, and a memory. The code it runs is shared, see [shell].
type process struct {
	world *world
	name  string

	store    *redisstore.Store
	sessions *session.Table
	once     mcpadapter.Idempotency
	stop     func()
	api      *http.Transport

	// dead is closed when it ends.
	dead chan struct{}

	mu           sync.Mutex
	ended        bool
	running      int  // calls
	cleared      bool // away, after its end
	wires        map[*wire]bool
	traps        []trap
	stalledUntil time.Time
	jump         time.Duration // of its clock
}

// start runs a process.
func (w *world) start(name string) *process {
	p := &process{world: w, name: name, dead: make(chan struct{}), wires: map[*wire]bool{}}
	p.api = &http.Transport{
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return p.dial(toAPI, w.api.dial) },
		IdleConnTimeout: 30 * time.Second,
	}
	var err error
	if p.store, err = redisstore.Open("redis://127.0.0.1:1", redisstore.Options{
		Dial: func(context.Context) (net.Conn, error) { return p.dial(toStore, w.dialStore) },
	}); err != nil {
		panic(err)
	}
	keys, err := seal.New([]byte("the secret that all the replicas have in common"))
	if err != nil {
		panic(err)
	}
	// Its clock is right, since a session that ends when a clock jumps is not what these tests are
	// about.
	if p.sessions, err = session.NewTable(session.Options{
		Sealer: keys.Sealer("session id"), Records: p.store.Sessions(), Digest: keys.MAC("subject"),
	}); err != nil {
		panic(err)
	}
	p.once, p.stop = w.newOnce(p, keys)
	return p
}

// now is the time by the process's own clock.
func (p *process) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.jump)
}

func (p *process) dial(to side, dial func() (net.Conn, error)) (net.Conn, error) {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended {
		return nil, errCut
	}
	conn, err := dial()
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: err}
	}
	c := &wire{Conn: conn, process: p, side: to}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		_ = conn.Close()
		return nil, errCut
	}
	p.wires[c] = true
	return c, nil
}

func (p *process) forget(c *wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wires, c)
}

// arm sets a trap.
func (p *process) arm(t trap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps = append(p.traps, t)
}

// step is where things go wrong on a connection.
func (p *process) step(c *wire) error {
	p.mu.Lock()
	for i := 0; i < len(p.traps); i++ {
		t := &p.traps[i]
		if t.side != c.side {
			continue
		}
		if t.steps--; t.steps >= 0 {
			continue
		}
		sprung := *t
		p.traps = append(p.traps[:i:i], p.traps[i+1:]...)
		p.mu.Unlock()
		p.world.note("%s: %s at a step to %s %v", p.name, sprung.act, sprung.side, sprung.wait)
		switch sprung.act {
		case cut:
			_ = c.Close()
			return errCut
		case die:
			p.die()
			return errCut
		case stall:
			p.mu.Lock()
			p.stalledUntil = time.Now().Add(sprung.wait)
			p.mu.Unlock()
		}
		p.mu.Lock()
		break
	}
	for !p.ended && time.Now().Before(p.stalledUntil) {
		wait := time.Until(p.stalledUntil)
		p.mu.Unlock()
		time.Sleep(wait)
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if p.ended {
		return errCut
	}
	return nil
}

// cutAll breaks all connections to a side.
func (p *process) cutAll(to side) {
	p.mu.Lock()
	var cut []*wire
	for c := range p.wires {
		if c.side == to {
			cut = append(cut, c)
		}
	}
	p.mu.Unlock()
	for _, c := range cut {
		_ = c.Close()
	}
}

// die ends the process as SIGKILL does: its connections break, and whatever of it still runs
// reaches nothing any more.
func (p *process) die() {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return
	}
	p.ended, p.traps = true, nil
	close(p.dead)
	p.mu.Unlock()
	for to := range sides {
		p.cutAll(to)
	}
	p.enter()
	p.leave()
}

// enter notes that a call begins, and leave that it is over. The last one clears away what a real
// process takes along.
func (p *process) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running++
}

func (p *process) leave() {
	p.mu.Lock()
	p.running--
	last := p.ended && p.running == 0 && !p.cleared
	p.cleared = p.cleared || last
	p.mu.Unlock()
	if !last {
		return
	}
	go func() {
		p.stop()
		p.api.CloseIdleConnections()
		_ = p.store.Close()
	}()
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

type processKey struct{}

func withProcess(ctx context.Context, p *process) context.Context {
	return context.WithValue(ctx, processKey{}, p)
}

func processOf(ctx context.Context) *process {
	p, _ := ctx.Value(processKey{}).(*process)
	return p
}

var errNoProcess = errors.New("the context of a call was lost on its way")

// credentials are those of the workspace, for everybody.
type credentials struct{}

func (credentials) Credential(context.Context, string) (clerkapi.Credential, error) {
	return clerkapi.APIKey(sandbox.Key), nil
}

//go:build unix

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

var (
	onlyClients = flag.String("clients", "", "real clients to test alone, by their names, separated by commas")
	full        = flag.Bool("full", false, "let all real clients meet outages of Redis as well, which takes four minutes")
)

// object is one of JSON.
type object = map[string]any

// client is a program that people use the gateway with.
type client interface {
	signIn(t *testing.T)
	// call gives what the client says a tool answered. Only one is made at a time.
	call(ctx context.Context, tool string, arguments map[string]any) (string, error)
	// invitations are the addresses that its person was asked to open.
	invitations() []string
}

var clients = map[string]func(t *testing.T, url string) client{
	"Claude Code": newClaudeCode, "Codex": newCodex, "Gemini CLI": newGemini,
	"mcp-remote": newBridge,
	"Inspector":  newInspector,
	"mcpc":       newMCPC,
	"mcporter":   newMCPorter,
}

// people are those who use the clients.
type people struct {
	*deployment
	clients map[string]client
	latest  map[string]string // what each sent last
}

const (
	// shortLife is more than the minute before its end in which mcpc and mcporter refresh a token:
	// with less, every one that they are given has ended already.
	shortLife = 70 * time.Second
	longLife  = time.Hour
	outage    = 5 * time.Second
)

// Real clients sign in once, call tools, and then go on by themselves, whatever breaks.
func TestClientsGoOnByThemselves(t *testing.T) {
	needClients(t)
	p := &people{deployment: deploy(t, shortLife), clients: map[string]client{}, latest: map[string]string{}}
	for name, start := range clients {
		if !chosen(name) {
			continue
		}
		c := start(t, p.url+"/mcp")
		began := time.Now()
		if t.Run("sign in/"+name, func(t *testing.T) { c.signIn(t) }) {
			p.clients[name] = c
		}
		t.Logf("%s: signed in after %s", name, time.Since(began).Round(time.Millisecond))
	}
	p.each(t, "signed in", p.send, p.read)

	killed := p.killReplica()
	p.each(t, "a replica is killed", p.send, p.read)
	p.start(killed, shortLife)

	if *full {
		p.breakRedis(t)
	}
	for name, c := range p.clients {
		if n := len(c.invitations()); n != 1 {
			t.Errorf("%s: its person was asked to sign in %d times, want once", name, n)
		}
	}
}

// chosen tells whether a client takes part. Gemini CLI, which is typed to on a terminal, takes
// long: it does where there is time, or where it is asked for.
func chosen(name string) bool {
	if *onlyClients != "" {
		return slices.Contains(strings.Split(*onlyClients, ","), name)
	}
	return *full || name != "Gemini CLI"
}

// breakRedis takes Redis away at the moment that is worst: when clients have to refresh their
// tokens.
func (p *people) breakRedis(t *testing.T) {
	t.Helper()
	p.expire()
	back := p.away(p.redis.Kill, p.redis.Restart)
	p.each(t, "the token has expired and Redis is gone", p.read)
	back()
	p.each(t, "Redis is back", p.send, p.read)

	p.expire()
	for i, r := range p.replicas {
		r.kill()
		p.start(i, longLife)
	}
	back = p.away(p.redis.Stop, p.redis.Continue)
	p.each(t, "the token has expired and Redis is frozen", p.read)
	back()
	p.expireShort()
	p.each(t, "Redis goes on", p.send, p.read) // from here on all have a token that outlasts the test

	p.redis.Do("FLUSHALL")
	p.each(t, "Redis is flushed", p.send, p.read)
}

// away takes something away for the time of an outage, and gives what waits until it is back in
// use.
func (p *people) away(takes, brings func()) (back func()) {
	takes()
	returned := make(chan struct{})
	time.AfterFunc(outage, func() {
		defer close(returned)
		brings()
	})
	return func() {
		<-returned
		p.ready()
	}
}

// each lets all clients do the same at once.
func (p *people) each(t *testing.T, when string, calls ...func(name, when string) error) {
	t.Helper()
	began := time.Now()
	p.tell("---", when)
	failed := make(map[string]error)
	took := make(map[string]time.Duration)
	var mu sync.Mutex
	var working sync.WaitGroup
	for name := range p.clients {
		working.Go(func() {
			var errs []error
			for _, call := range calls {
				errs = append(errs, call(name, when))
			}
			mu.Lock()
			defer mu.Unlock()
			failed[name], took[name] = errors.Join(errs...), time.Since(began).Round(time.Millisecond)
		})
	}
	working.Wait()
	t.Logf("%s: %v", when, took)
	for name, err := range failed {
		t.Run(when+"/"+name, func(t *testing.T) {
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func (p *people) call(name, tool string, arguments map[string]any) (string, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), clientTime, errors.New("no answer in time"))
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	c := p.clients[name]
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for tick := time.NewTicker(100 * time.Millisecond); ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-tick.C:
				if len(c.invitations()) > 1 {
					giveUp(errors.New("its person was asked to sign in again"))
				}
			}
		}
	}()
	answer, err := c.call(ctx, tool, arguments)
	if err != nil && context.Cause(ctx) != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	giveUp(nil)
	<-watched
	if err != nil {
		return "", fmt.Errorf("%s: %w", tool, err)
	}
	return answer, nil
}

// send sends a message, once.
func (p *people) send(name, when string) error {
	text := name + ": " + when
	answer, err := p.call(name, "send_message", map[string]any{
		"sender": sandbox.Sender, "recipients": []string{"+15559876543"}, "body": text,
	})
	if err != nil {
		return err
	}
	n, err := p.sent(text)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("sent %d times, want once; the client says: %s", n, answer)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest[name] = text
	return nil
}

// read finds what was sent last.
func (p *people) read(name, _ string) error {
	answer, err := p.call(name, "get_messages", map[string]any{"limit": 50})
	p.mu.Lock()
	want := p.latest[name]
	p.mu.Unlock()
	if err == nil && !strings.Contains(answer, want) {
		return fmt.Errorf("get_messages does not show %q: %s", want, answer)
	}
	return err
}

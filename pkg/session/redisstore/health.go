package redisstore

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// guard stands before one server, so in a cluster a shard that is down does not keep calls from the
// others. Two circuit breakers: one for a server that does not serve, one for a server that reads
// but takes no writes. They open on what the server does: it refuses, breaks off, says that it
// cannot serve, or sends nothing at all for as long as a call may take. Callers' deadlines, a wait
// for a connection, and the late reading of a process that has too much to do say nothing of it.
type guard struct {
	serves   breaker
	writes   breaker
	onChange func(kind Kind, up bool)
	// yield has all others run once that are ready to.
	yield func()

	// Times are nanoseconds since begun.
	begun time.Time
	heard atomic.Int64 // when something came from the server last
	quiet atomic.Int64 // since when calls have waited for it in vain that were starved themselves
}

// longestQuiet is how long a server may send nothing before that counts however starved this
// process is.
const longestQuiet = 2 * time.Second

var _ redis.Hook = (*guard)(nil)

// guarded are the commands that callers wait for. Whatever else go-redis sends, to set up a
// connection above all, passes: it belongs to one of these.
var guarded = map[string]struct{ writes bool }{
	"get": {}, "cluster": {}, "set": {writes: true}, "eval": {writes: true}, "evalsha": {writes: true},
}

// DialHook has each connection note when something comes from the server.
func (g *guard) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return newConn(c, g.hear), nil
	}
}

func (g *guard) hear() { g.heard.Store(int64(time.Since(g.begun))) }

func (g *guard) heardSince(t time.Time) bool { return g.heard.Load() > int64(t.Sub(g.begun)) }

// ProcessPipelineHook treats a call's pipeline as one command. It leaves other pipelines alone:
// only operators' scans use them.
func (g *guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		a := valuesOf(ctx).attempt
		if a == nil {
			return next(ctx, cmds)
		}
		start := time.Now()
		if !g.serves.allow(start) {
			err := refuse(cmds[0], &g.serves, start)
			for _, cmd := range cmds[1:] {
				cmd.SetErr(err)
			}
			return err
		}
		err := next(ctx, cmds)
		failed := err
		for _, cmd := range cmds {
			if cmdErr := cmd.Err(); cmdErr != nil && !errors.Is(cmdErr, redis.Nil) {
				failed = cmdErr
				break
			}
		}
		g.learn(failed, false, start, a)
		return err
	}
}

// ProcessHook lets a command through unless the server rests, and learns from its end.
func (g *guard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		command, ok := guarded[cmd.Name()]
		if !ok {
			return next(ctx, cmd)
		}
		start := time.Now()
		if !g.serves.allow(start) {
			return refuse(cmd, &g.serves, start)
		}
		if command.writes && !g.writes.allow(start) {
			g.serves.skip()
			return refuse(cmd, &g.writes, start)
		}
		err := next(ctx, cmd)
		g.learn(err, command.writes, start, valuesOf(ctx).attempt)
		return err
	}
}

// learn tells the breakers how a command ended that began at start. a is nil for what is not a
// call's.
func (g *guard) learn(err error, writes bool, start time.Time, a *attempt) {
	now := time.Now()
	var kind Kind
	if err != nil && !errors.Is(err, redis.Nil) {
		kind = kindOf(err)
	}
	if kind == Closed || kind == Slow && !g.isSilence(err, start, a) {
		g.serves.skip()
		if writes {
			g.writes.skip()
		}
		return
	}
	if kind.isOutage() {
		if g.serves.fail(now) {
			g.onChange(kind, false)
		}
		if writes {
			g.writes.skip()
		}
		return
	}
	if g.serves.succeed() {
		g.onChange("", true)
	}
	switch {
	case !writes:
	case kind.refusesWrites():
		if g.writes.fail(now) {
			g.onChange(kind, false)
		}
	case kind != "":
		g.writes.skip()
	case g.writes.succeed():
		g.onChange("", true)
	}
}

// isSilence tells whether a time-out says that the server does not answer. The time must have been
// the store's: how long a caller would wait is not a measure of the server. (A dial that hung has
// had a time of its own.) The server must have sent nothing since the command began, on any
// connection: one that serves others is not down. And this process must have had the time to see an
// answer: if yielding the processor once takes a tenth of the time-out, the few steps to an answer
// can take all of it.
func (g *guard) isSilence(err error, start time.Time, a *attempt) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" && !g.heardSince(start) {
		return true
	}
	if a == nil {
		return false
	}
	yielded := time.Now()
	g.yield()
	now := time.Now()
	late := g.heardSince(start) || errors.Is(err, redis.ErrPoolTimeout)
	if starved := now.Sub(yielded) > a.timeout/10; starved && !late && a.timeout > 0 {
		late = !g.isQuiet(start, now)
	}
	a.late.Store(late)
	return a.timeout > 0 && !late
}

// isQuiet tells whether starved calls, of which this one began at start, have waited in vain for
// too long.
func (g *guard) isQuiet(start, now time.Time) bool {
	since := g.quiet.Load()
	if since == 0 || g.heard.Load() > since {
		g.quiet.Store(int64(start.Sub(g.begun)))
		return false
	}
	return now.Sub(g.begun)-time.Duration(since) > longestQuiet
}

func refuse(cmd redis.Cmder, b *breaker, now time.Time) error {
	err := &Error{Kind: CircuitOpen, rest: b.left(now)}
	cmd.SetErr(err)
	return err
}

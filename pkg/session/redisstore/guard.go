package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// guard stands before one server, so in a cluster a shard that is down does not keep calls from the others. Two breakers:
// one for a server that does not serve, one for a server that reads but takes no writes.
type guard struct {
	serves breaker
	writes breaker
	// fair is how long a call must have waited for its time-out to say something about the server.
	fair     time.Duration
	onChange func(kind Kind, up bool)
}

var _ redis.Hook = (*guard)(nil)

// guarded are the commands that callers wait for. Whatever else go-redis sends, to set up a connection above all, passes:
// it belongs to one of these.
var guarded = map[string]struct{ writes bool }{
	"get": {}, "cluster": {}, "set": {writes: true}, "eval": {writes: true}, "evalsha": {writes: true},
}

// DialHook leaves dialing alone.
func (g *guard) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessPipelineHook treats what is read ahead as one command. It leaves other pipelines alone: only operators' scans use
// them.
func (g *guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if ctx.Value(aheadKey{}) == nil {
			return next(ctx, cmds)
		}
		start := time.Now()
		if !g.serves.allow(start) {
			err := refuse(cmds[0])
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
		g.learn(failed, false, start)
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
			return refuse(cmd)
		}
		if command.writes && !g.writes.allow(start) {
			g.serves.skip()
			return refuse(cmd)
		}
		err := next(ctx, cmd)
		g.learn(err, command.writes, start)
		return err
	}
}

func (g *guard) learn(err error, writes bool, start time.Time) {
	now := time.Now()
	var kind Kind
	if err != nil && !errors.Is(err, redis.Nil) {
		kind = kindOf(err)
	}
	// A caller that had next to no time left has learnt nothing about the server.
	if kind == Closed || kind == Slow && now.Sub(start) < g.fair {
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

func refuse(cmd redis.Cmder) error {
	err := &Error{Kind: Resting}
	cmd.SetErr(err)
	return err
}

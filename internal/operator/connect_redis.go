package operator

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// redis asks whether Redis answers, takes writes, has records that can be read, and keeps what it
// acknowledged.
func (p *prober) redis(ctx context.Context) []Connection {
	if p.Config.RedisURL == "" {
		return []Connection{{Name: "redis", Target: "-", Result: ResultOK, Found: "in this process; nothing to reach"}}
	}
	target := redisstore.Target(p.Config.RedisURL.Reveal())
	// Each probe has a store of its own: one that failed leaves its server alone for a while.
	ask := func(name string, ask func(context.Context, *redisstore.Store) (string, error)) Connection {
		return p.probe(ctx, name, target, func(ctx context.Context) (string, error) {
			store, err := redisstore.Open(p.Config.RedisURL.Reveal(), redisstore.Options{Timeout: p.Timeout})
			if err != nil {
				return "", failure(err.Error(), "correct "+setting.RedisURL)
			}
			defer func() { _ = store.Close() }()
			return ask(ctx, store)
		})
	}
	reached := ask("redis", func(ctx context.Context, s *redisstore.Store) (string, error) {
		return "reached", redisFailure(s.CheckReach(ctx))
	})
	if reached.Result != ResultOK {
		return []Connection{reached}
	}
	return append([]Connection{reached}, together(
		func() Connection {
			return ask("redis writes", func(ctx context.Context, s *redisstore.Store) (string, error) {
				return "takes writes and runs scripts", redisFailure(s.CheckWrites(ctx))
			})
		},
		func() Connection { return ask("redis epoch", p.epoch) },
		func() Connection { return ask("redis durability", durabilityFound) },
	)...)
}

// epoch reads the mark by which a loss of data is noticed, and which shows whether records can be
// read with these secrets.
func (p *prober) epoch(ctx context.Context, store *redisstore.Store) (string, error) {
	sealer, err := gateway.EpochSealer(&p.Config)
	if err != nil {
		return "", failure(err.Error(), "correct "+setting.Secrets)
	}
	switch info, err := idempotency.InspectEpoch(ctx, store.Epoch(), sealer); {
	case err != nil:
		return "", redisFailure(err)
	case !info.Found:
		return "holds no records of a gateway yet", nil
	case !info.Readable:
		return "", failure("its records were sealed with another secret, or by a later version",
			"give "+setting.Secrets+" the secret of the gateways that use this Redis, among others if it is to be replaced; "+
				"or give this gateway a Redis or a database of its own")
	case info.LostLately:
		return "", warning("its data was lost, which was noticed at "+info.Lost.UTC().Format(time.RFC3339),
			"calls with an idempotency_key are refused for a day after it, unless "+setting.OnStoreLoss+" is send")
	default:
		return "records can be read with these secrets, since " + info.Born.UTC().Format(time.RFC3339), nil
	}
}

// durabilityFound is what StoreWarnings says, for one that is known to answer.
func durabilityFound(ctx context.Context, store *redisstore.Store) (string, error) {
	d, err := store.Durability(ctx)
	if err != nil {
		return "", warning("its settings cannot be asked for: "+err.Error(), "see Sending once in docs/operations.md for what they must be")
	}
	if all := d.Losses(); len(all) > 0 {
		return "", warning(strings.Join(all, "; "), "set maxmemory-policy noeviction, appendonly yes, appendfsync always and "+
			"no-appendfsync-on-rewrite no in Redis, or have its provider do it")
	}
	return "keeps what it acknowledged", nil
}

// redisFailure says what is wrong with Redis, and what to do about it. nil stays nil.
func redisFailure(err error) error {
	e, ok := errors.AsType[*redisstore.Error](err)
	if !ok {
		return err
	}
	const check = "check " + setting.RedisURL
	switch e.Kind {
	case redisstore.Denied:
		return failure("refuses the user or password, or its ACL forbids a command",
			"correct user and password in "+setting.RedisURL+"; the user needs every command but dangerous ones on the keys gw:*")
	case redisstore.ReadOnly:
		return failure("refuses writes: it is a replica, or has fewer replicas than min-replicas-to-write",
			"give "+setting.RedisURL+" the master's address, or redis+sentinel:// for whichever is the master")
	case redisstore.Full:
		return failure("refuses writes: its memory is full", "raise maxmemory in Redis")
	case redisstore.DiskFailing:
		return failure("refuses writes: it cannot save to its disk", "see the log of Redis")
	case redisstore.Loading:
		return failure("reads its data from disk after a start", "try again when it has")
	case redisstore.NoMaster:
		return failure("has no master at the moment", "try again after the failover; if it goes on, see the log of Redis")
	case redisstore.Busy:
		return failure("has too many clients, or runs a script that does not end", "raise maxclients in Redis, or see its log")
	case redisstore.Slow, redisstore.Queued, redisstore.CircuitOpen:
		return failure(netx.CauseText("timeout"), check+", the firewall in between, and whether Redis speaks TLS there: rediss:// if it does, redis:// if not")
	case redisstore.Refused:
		return failure("refuses a command that the gateway needs", "use Redis 7 or later, and allow SET, GET, EVAL and EVALSHA")
	default:
		return failure(netx.CauseText(netx.Cause(e.Cause)),
			check+": host and port, rediss:// where it speaks TLS, and SSL_CERT_FILE for an authority of your own")
	}
}

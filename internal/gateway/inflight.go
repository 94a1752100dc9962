package gateway

import (
	"cmp"
	"context"
	"runtime"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

const (
	// inFlightPerCore is the default of --max-in-flight: enough to keep a core busy while nearly
	// all calls wait for the API.
	inFlightPerCore = 64
	// minWaiting is how many requests may wait at least, and minWaitingEach how many of one caller:
	// a burst of a thousand is served. One that waits takes some 20 kB.
	minWaiting     = 1280
	minWaitingEach = 1024
	// spareConnections is how many connections there may be that have no request in the queue, or
	// are quiet.
	spareConnections = 512
	// turnWait and turnStall are the defaults of Options.TurnWait and Options.TurnStall.
	turnWait  = 10 * time.Second
	turnStall = 5 * time.Second
	// bodyMemory is how much large bodies may take together. What is made of one while it is read
	// takes several times that.
	bodyMemory = 16 << 20
	// largeAnswers is how many requests with a large answer are under way at once. Each takes up to
	// some 10 MiB.
	largeAnswers = 4
)

// inFlightGate bounds what is under way at once, see [endpoint.InFlight].
type inFlightGate struct {
	requests, bodies, answers *limit.InFlight
	// caller says whose share a request is part of, and the weight of that.
	caller func(ctx context.Context) (name string, weight int)
}

// newTurns makes the bounds of this process. A request waits so long for its turn, and so long if
// its queue does not move; 0 is the default.
func (g *Gateway) newTurns(wait, stall time.Duration) (*inFlightGate, error) {
	cfg := &g.cfg
	wait, stall = cmp.Or(wait, turnWait), cmp.Or(stall, turnStall)
	all, each := inFlightBounds(cfg)
	share := func(n int) int { return (n + 1) / 2 }
	if isOneCaller(cfg) {
		share = func(n int) int { return n }
		g.logger.Info("all clients share one part of "+setting.MaxInFlightFlag+", since nothing tells them apart; set "+
			setting.TrustedProxiesFlag+" to give each address its own",
			"max_in_flight", all, "max_in_flight_per_caller", each)
	}
	t := &inFlightGate{caller: g.inFlightCaller()}
	waiting := waiting(all)
	var err error
	t.requests, err = limit.NewInFlight(limit.InFlightOptions{
		Max: all, PerCaller: each, MaxWaiting: waiting, WaitingPerCaller: max(minWaitingEach, share(waiting)), Wait: wait, Stall: stall,
		OnChange:  g.metrics.InFlight,
		OnRefused: func(b limit.Bound) { g.metrics.Busy(string(b)) },
	})
	if err != nil {
		return nil, err
	}
	large := func(atOnce int, name string) (*limit.InFlight, error) {
		atOnce = min(atOnce, all)
		return limit.NewInFlight(limit.InFlightOptions{
			Max: atOnce, PerCaller: share(atOnce), MaxWaiting: all, WaitingPerCaller: all, Wait: wait, Stall: stall,
			OnRefused: func(limit.Bound) { g.metrics.Busy(name) },
		})
	}
	if t.bodies, err = large(max(int(bodyMemory/max(cfg.MaxBody, 1)), 2), "bodies"); err != nil {
		return nil, err
	}
	t.answers, err = large(largeAnswers, "answers")
	return t, err
}

// Enter is of [endpoint.InFlight].
func (t *inFlightGate) Enter(ctx context.Context) (leave func(), err error) {
	name, weight := t.caller(ctx)
	return t.requests.Enter(ctx, name, weight)
}

// EnterLarge is of [endpoint.InFlight].
func (t *inFlightGate) EnterLarge(ctx context.Context) (leave func(), err error) {
	name, weight := t.caller(ctx)
	return t.bodies.Enter(ctx, name, weight)
}

// EnterLargeAnswer is of [endpoint.InFlight].
func (t *inFlightGate) EnterLargeAnswer(ctx context.Context) (leave func(), err error) {
	name, weight := t.caller(ctx)
	return t.answers.Enter(ctx, name, weight)
}

// Another is of [endpoint.InFlight].
func (t *inFlightGate) Another(ctx context.Context) (leave func(), ok bool) {
	name, weight := t.caller(ctx)
	return t.requests.TryEnter(name, weight)
}

// Closed is of [endpoint.InFlight].
func (t *inFlightGate) Closed() <-chan struct{} { return t.requests.Closed() }

// close refuses what waits. A read that waits for a large answer's turn ends too: it may be part of
// a batch whose other calls are to be told of.
func (t *inFlightGate) close() {
	t.answers.Close()
	t.requests.Close()
	t.bodies.Close()
}

// connections is how many connections there may be: those of all requests that run or wait, for
// their turn or for the store, and some that are quiet.
func connections(cfg *config.Config) int {
	all, _ := inFlightBounds(cfg)
	n := all + waiting(all) + spareConnections
	if cfg.Auth != "none" { // else nothing waits for the store that has not its turn
		n += redisstore.MaxWaiting
	}
	return n
}

// waiting is how many requests may wait for their turn.
func waiting(all int) int { return max(minWaiting, 8*all) }

// inFlightBounds are how many requests may be in flight in all and of each caller.
func inFlightBounds(cfg *config.Config) (all, each int) {
	if all = cfg.MaxInFlight; all == 0 {
		all = inFlightPerCore * runtime.GOMAXPROCS(0)
	}
	switch {
	case cfg.MaxInFlightPerCaller > 0:
		return all, min(cfg.MaxInFlightPerCaller, all) // all may go by the cores of the machine
	case isOneCaller(cfg):
		return all, all
	}
	return all, (all + 1) / 2
}

// isOneCaller tells that nothing tells clients apart: nobody logs in, and an address may be that of
// a proxy which nobody named.
func isOneCaller(cfg *config.Config) bool { return cfg.Auth == "none" && len(cfg.TrustedProxies) == 0 }

// inFlightCaller says whose share a request is part of: a person or service with one client, or
// without a login an address. Those whose address is not known have one share together.
func (g *Gateway) inFlightCaller() func(ctx context.Context) (name string, weight int) {
	if isOneCaller(&g.cfg) {
		return func(context.Context) (string, int) { return "", 1 }
	}
	if g.cfg.Auth == "none" {
		return func(ctx context.Context) (string, int) { return web.ClientNetwork(ctx), 1 }
	}
	weight := func(string) int { return 1 }
	if g.login != nil {
		weight = g.login.clients.Weight
	}
	return func(ctx context.Context) (string, int) {
		c := request.From(ctx).Caller
		return c.Subject + "\x00" + c.ClientID, weight(c.ClientID)
	}
}

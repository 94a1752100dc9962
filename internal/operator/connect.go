package operator

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// connectTimeout is how long one probe may take. A component has at most two in a row that need its
// answer.
const connectTimeout = 5 * time.Second

// Result is what a probe came to.
type Result string

// The results.
const (
	ResultOK      Result = "ok"
	ResultWarning Result = "warning" // it works, and something about it may not be meant
	ResultFailed  Result = "failed"
	ResultUnknown Result = "unknown" // the answer tells neither
)

// Connection is what one probe found.
type Connection struct {
	// Name says what was asked, Target where, without user and password.
	Name, Target string
	Result       Result
	// Found is what was found, Change what to change about it; "" where there is nothing.
	Found, Change string
	Took          time.Duration
}

// ConnectOptions are what [Connect] is made of.
type ConnectOptions struct {
	// Config must have no problems, see [gateway.Problems].
	Config config.Config
	// Version is this build's.
	Version string
	// Timeout bounds each probe. Default: 5 seconds.
	Timeout time.Duration
	// ClientDocuments is that of [gateway.Options].
	ClientDocuments http.RoundTripper
}

// Connect asks everything that a configuration names whether it answers, as a gateway that serves
// it would, and changes nothing there but one key in Redis that is gone after seconds. All are
// asked at the same time; it ends within twice the time-out of a probe.
func Connect(ctx context.Context, opts ConnectOptions) []Connection {
	if opts.Timeout <= 0 {
		opts.Timeout = connectTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, 2*opts.Timeout)
	defer cancel()
	p := &prober{ConnectOptions: opts, transport: netx.NewTransport()}
	defer p.transport.CloseIdleConnections()
	components := []func(context.Context) []Connection{p.redis, p.provider, p.workloads, p.identityAssertions, p.tokenIssuer, p.exchange, p.api, p.documents}
	found := make([][]Connection, len(components))
	var running sync.WaitGroup
	for i, ask := range components {
		running.Go(func() { found[i] = ask(ctx) })
	}
	running.Wait()
	return slices.Concat(found...)
}

type prober struct {
	ConnectOptions

	transport *http.Transport
}

func (p *prober) outgoing() gateway.Outgoing {
	return gateway.Outgoing{Config: &p.Config, Transport: p.transport}
}

// probe asks one thing. The error is a [*netx.Finding] or a [*doubt]; what else it is fails without
// words.
func (p *prober) probe(ctx context.Context, name, target string, ask func(context.Context) (found string, err error)) Connection {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	c := Connection{Name: name, Target: target, Result: ResultOK}
	begun := time.Now()
	found, err := ask(ctx)
	c.Took, c.Found = time.Since(begun), found
	if err == nil {
		return c
	}
	c.Result, c.Found = ResultFailed, "fails"
	if f, ok := errors.AsType[*netx.Finding](err); ok {
		c.Found, c.Change = f.Found, f.Change
	}
	if d, ok := errors.AsType[*doubt](err); ok {
		c.Result, c.Found, c.Change = d.result, d.found, d.change
	}
	return c
}

// doubt is a result that is neither ok nor failed.
type doubt struct {
	result        Result
	found, change string
}

func (d *doubt) Error() string { return d.found }

func failure(found, change string) error { return &netx.Finding{Found: found, Change: change} }

func warning(found, change string) error { return &doubt{ResultWarning, found, change} }

package histories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// balancer is a proxy that is trusted to name requests.
const balancer = "10.0.0.1"

// maxContacts lets one batch be of many parts.
const maxContacts = 10_000

// newShell makes the part of a replica that remembers nothing: the endpoint and the tools. It takes
// milliseconds, so one serves all processes of all histories, each of which a request names in its
// context.
func newShell(batchSize int) (http.Handler, error) {
	client, err := clerkapi.NewClient(clerkapi.Options{BaseURL: "http://api.invalid", Transport: transport{}, CircuitFailures: 1 << 30})
	if err != nil {
		return nil, err
	}
	tools, err := mcpadapter.New(mcpadapter.Options{
		Client: client, Credentials: credentials{}, Idempotency: scripted(once), BatchSize: batchSize, MaxContacts: maxContacts,
	})
	if err != nil {
		return nil, err
	}
	e, err := endpoint.New(endpoint.Options{
		Tools: tools, Sessions: sessions{}, Tenant: tenantOf, Name: "clerk-chat", Version: "1", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	proxies, err := web.NewProxies([]string{balancer})
	if err != nil {
		return nil, err
	}
	return proxies.Identify(e), nil
}

// tenantOf has each person wait for their own messages only, or all for all.
func tenantOf(ctx context.Context) string {
	if processOf(ctx).world.divided {
		return request.From(ctx).Caller.Subject
	}
	return ""
}

// once, sessions and transport are those of the process that a request is for.
type (
	sessions  struct{}
	transport struct{}
)

func once(ctx context.Context, w task) mcpadapter.Verdict { return do(ctx, processOf(ctx).once, w) }

func (sessions) Create(ctx context.Context, info session.Info) (*session.Session, error) {
	return processOf(ctx).sessions.Create(ctx, info)
}

func (sessions) Resume(ctx context.Context, id, subject string) (*session.Session, error) {
	return processOf(ctx).sessions.Resume(ctx, id, subject)
}

func (sessions) End(ctx context.Context, id, subject string) error {
	return processOf(ctx).sessions.End(ctx, id, subject)
}

// RoundTrip marks a message that is sent with the call it is sent for, in a field that nothing here
// looks at: so it is known of each message in the end which call sent it.
func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	p, c := processOf(r.Context()), callOf(r.Context())
	if p == nil {
		return nil, errNoProcess
	}
	if c != nil && r.Method == http.MethodPost && r.URL.Path == "/public/messages" {
		c.change(func() {
			if c.posted.IsZero() {
				c.posted = time.Now()
			}
		})
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		var message map[string]any
		if err := json.Unmarshal(body, &message); err != nil {
			return nil, err
		}
		message["sentByName"] = c.name()
		if body, err = json.Marshal(message); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.ContentLength = int64(len(body))
		r.Body, r.GetBody = io.NopCloser(bytes.NewReader(body)), func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(body)), nil
		}
	}
	return p.world.defect.transport(p.api).RoundTrip(r)
}

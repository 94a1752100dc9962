package endpoint

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/cancellation"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Cancellations stops calls on whichever replica they run.
type Cancellations interface {
	// Begin gives the context of a call, which ends when it is canceled, until end.
	Begin(ctx context.Context, c cancellation.Call) (_ context.Context, end func())
	// Cancel stops a call that began before a notification came. The error says that not every
	// replica could be told.
	Cancel(ctx context.Context, id cancellation.ID, came time.Time) error
}

// cancel passes on what notifications say (2025-11-25, Cancellation). Without a session nothing
// says which client's request is meant, since most count theirs from 1 on.
func (e *Endpoint) cancel(ctx context.Context, s *session.Session, env *envelope, came time.Time) {
	if s == nil || e.opts.Cancellations == nil {
		return
	}
	subject := request.From(ctx).Caller.Subject
	for _, id := range env.canceled {
		err := e.opts.Cancellations.Cancel(ctx, cancellation.ID{Session: s.Key(), Subject: subject, Request: id}, came)
		if err != nil { // the call goes on, and its result says so
			e.opts.Logger.DebugContext(ctx, "a cancellation reached this replica only", "error", err)
		}
	}
}

// begin gives the context of a call: it ends when the call is canceled, or when its client goes
// away.
//
// A legacy client that has a session cancels with a notification, so that a connection that breaks
// is not taken for one (2025-11-25, Transports, "Sending Messages to the Server"): what changes
// something is finished, and told to who makes the same call again. What only reads ends, since
// nobody can have the answer.
func (e *Endpoint) begin(ctx context.Context, r *state, params *mcp.CallToolParamsRaw) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	unlink := func() bool { return true }
	if r.meta.session == "" || e.opts.Cancellations == nil || e.readOnly[params.Name] {
		unlink = context.AfterFunc(r.gone, cancel)
	}
	leave := func() {
		unlink()
		cancel()
	}
	if e.opts.Cancellations == nil || r.meta.session == "" {
		return ctx, leave
	}
	ctx, over := e.opts.Cancellations.Begin(ctx, cancellation.Call{
		ID:   cancellation.ID{Session: r.meta.session, Subject: request.From(ctx).Caller.Subject, Request: r.meta.of(params.Meta).id},
		Came: r.arrived, Content: params.Name + "\x00" + string(params.Arguments),
	})
	return ctx, func() {
		over()
		leave()
	}
}

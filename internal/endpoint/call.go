package endpoint

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// handleCall is the SDK's lane into [Tools.Call].
func (e *Endpoint) handleCall(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	q := request.From(ctx)
	if q.Client == (identity.Client{}) {
		if info := req.ClientInfo(); info != nil { // the modern era says it with every request
			own := *q
			own.Client = identity.Client{Name: info.Name, Version: info.Version}
			ctx = request.With(ctx, &own)
		}
	}
	r := stateOf(ctx)
	meta := r.meta.of(req.Params.Meta)
	if meta.name != req.Params.Name { // not what admit asked about
		e.opts.Logger.ErrorContext(ctx, "a call is not the one that was admitted")
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: errInternal.message}
	}
	ctx, end := e.begin(ctx, r, req.Params)
	defer end()
	call := mcpadapter.Call{Tool: req.Params.Name, Arguments: req.Params.Arguments, Subject: q.Caller.Subject}
	var err error
	if call.IdempotencyKey, err = mcpadapter.IdempotencyKeyIn(req.Params.Meta); err != nil {
		return nil, err
	}
	// Nothing else stands for a session: a grant, a client id or an address is common to many who
	// count their requests alike.
	call.Session, call.RequestID, call.Held = r.meta.session, meta.id, r.meta.held
	if q.IDGiven {
		call.ProxyRequestID = q.ID
	}
	if e.opts.Tenant != nil {
		call.Tenant = e.opts.Tenant(ctx)
	}
	if meta.token != nil && r.streamed {
		p := newProgress(ctx, req.Session, meta.token)
		defer p.end()
		call.Progress = p.tell
	}
	reads := e.readOnly[call.Tool]
	if reads && r.answer != nil {
		if full := r.answer.full(); full != nil {
			return full.ForClient(), nil
		}
	}
	report := e.opts.Tools.Call(ctx, call)
	if report.Err != nil { // the SDK knows only tools that we gave it, so this is for a tool that is not one of ours
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: report.Result.Text}
	}
	e.takeBack(ctx, report.Result)
	if r.answer != nil {
		if full := r.answer.take(ctx, report.Result, reads); full != nil {
			return full.ForClient(), nil
		}
	}
	return report.ForClient(), nil
}

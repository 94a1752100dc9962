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
	// What admit asked for before the SDK read the body is asked again of what the SDK read.
	if e.opts.Auth != nil {
		if err := e.opts.Auth.Require(ctx, []string{e.opts.Tools.Scope(req.Params.Name)}); err != nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: "the access token does not allow this tool"}
		}
	}
	if confirmed(q, !e.readOnly[req.Params.Name]) != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: errUnconfirmed.message}
	}
	r := stateOf(ctx)
	ctx, end := e.begin(ctx, r, req.Params)
	defer end()
	call := mcpadapter.Call{Tool: req.Params.Name, Arguments: req.Params.Arguments, Subject: q.Caller.Subject}
	var err error
	if call.IdempotencyKey, err = mcpadapter.IdempotencyKeyIn(req.Params.Meta); err != nil {
		return nil, err
	}
	meta := r.meta.of(req.Params.Meta)
	// Nothing else stands for a session: a grant, a client id or an address is common to many who count their requests alike.
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

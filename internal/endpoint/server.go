package endpoint

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// listTTL is how long a client may keep the list of tools: they change only with a new version of
// the gateway.
const listTTL = 5 * time.Minute

// fixtures are what the server has besides its tools in a build with the tag conformance, and in no
// other: see Mount there.
var fixtures struct {
	options func(*mcp.ServerOptions)
	add     func(*mcp.Server) (tools []string)
}

// newServer makes the one SDK server that every request of both eras goes through.
func (e *Endpoint) newServer() *mcp.Server {
	capabilities := &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}
	for _, name := range e.opts.Extensions {
		capabilities.AddExtension(name, nil)
	}
	options := &mcp.ServerOptions{
		Instructions: e.opts.Tools.Instructions(),
		Capabilities: capabilities,
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) {
			c.TTLMs = int(listTTL / time.Millisecond)
		},
	}
	if fixtures.options != nil {
		fixtures.options(options)
	}
	server := mcp.NewServer(&mcp.Implementation{
		Name:       e.opts.Name,
		Title:      e.opts.Title,
		Version:    e.opts.Version,
		WebsiteURL: e.opts.WebsiteURL,
	}, options)
	if fixtures.add != nil {
		for _, name := range fixtures.add(server) {
			e.readOnly[name] = true
		}
	}
	for _, tool := range e.opts.Tools.Definitions() {
		server.AddTool(tool, e.handleCall)
	}
	server.AddReceivingMiddleware(e.recoverPanic, e.answerUnknown, e.boundBatch, e.mintSession)
	return server
}

// recoverPanic turns a panic in a method into an error for that one caller; without it the process
// would end.
func (e *Endpoint) recoverPanic(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (result mcp.Result, err error) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			id := request.From(ctx).ID
			e.opts.Logger.ErrorContext(ctx, "panic in a method",
				"method", method, "panic", v, "stack", string(debug.Stack()))
			result, err = nil, &jsonrpc.Error{
				Code:    jsonrpc.CodeInternalError,
				Message: fmt.Sprintf("internal error, request id %s; whether the call took effect is not known", id),
			}
		}()
		return next(ctx, method, req)
	}
}

package mcpadapter

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// MetaIdempotencyKey is the key in a call's _meta under which a client names the call, beside
	// the tools' argument.
	MetaIdempotencyKey = "chat.clerk/idempotency_key"
	// MetaDisposition is the key in a result's _meta under which programs find in one word what
	// became of a call that creates something: see [Disposition].
	MetaDisposition = "chat.clerk/disposition"
)

// Register mounts the tools on a server of the caller's own. A call belongs to the user of the
// access token that the SDK's auth.RequireBearerToken has verified, and to the anonymous subject ""
// without one: the server has to ask for tokens if it has several users, and to check [Tools.Scope]
// if tokens have scopes. Retransmissions without an idempotency key are not recognized, since the
// SDK does not tell a call's id. [Tools.Instructions] are for the server's options.
func (t *Tools) Register(server *mcp.Server) { t.register(server, t.Call) }

// Register is [Tools.Register] for the tools of the subset.
func (s *Subset) Register(server *mcp.Server) { s.register(server, s.Call) }

func (ts *toolset) register(server *mcp.Server, call func(context.Context, Call) Report) {
	for _, definition := range ts.definitions {
		server.AddTool(definition, func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			c := Call{Tool: definition.Name, Arguments: req.Params.Arguments}
			if req.Extra != nil && req.Extra.TokenInfo != nil {
				c.Subject = req.Extra.TokenInfo.UserID
			}
			var err error
			if c.IdempotencyKey, err = IdempotencyKeyIn(req.Params.Meta); err != nil {
				return nil, err
			}
			return call(ctx, c).ForClient(), nil
		})
	}
}

// IdempotencyKeyIn is what a client named its call by in _meta, "" if it did not. One that is not a
// key is refused: who sent it relies on it.
func IdempotencyKeyIn(meta mcp.Meta) (string, error) {
	v, there := meta[MetaIdempotencyKey]
	if !there {
		return "", nil
	}
	key, ok := v.(string)
	if !ok || key == "" {
		return "", &jsonrpc.Error{
			Code: jsonrpc.CodeInvalidParams,
			Message: "_meta " + MetaIdempotencyKey +
				" must be a string that is not empty, such as a new UUID for each thing to be done; nothing was done",
		}
	}
	return key, nil
}

// ForClient is the result with the disposition, as [Result.ForClient].
func (r Report) ForClient() *mcp.CallToolResult {
	result := r.Result.ForClient()
	if word := r.Facts.Disposition.String(); word != "" {
		result.Meta = mcp.Meta{MetaDisposition: word}
	}
	return result
}

// ForClient is the result as the protocol has it: a new value every time, since the SDK writes into
// it.
func (r Result) ForClient() *mcp.CallToolResult {
	result := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: r.Text}}, IsError: r.IsError}
	if r.Structured != nil {
		result.StructuredContent = r.Structured
	}
	return result
}

package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

const methodCallTool = "tools/call"

// requireScopes asks once for what all the calls of a body need together. It goes by the body alone: the headers that
// mirror it are the client's word.
func (e *Endpoint) requireScopes(ctx context.Context, env *envelope) error {
	if e.opts.Auth == nil {
		return nil
	}
	var scopes []string
	for _, m := range env.messages {
		r, ok := m.(*jsonrpc.Request)
		if !ok || r.Method != methodCallTool {
			continue
		}
		// Into a map, since into a struct encoding/json would take "Name" for "name", which the SDK does not.
		var params map[string]json.RawMessage
		var name string
		if json.Unmarshal(r.Params, &params) != nil || json.Unmarshal(params["name"], &name) != nil {
			continue // the SDK refuses it
		}
		if scope := e.opts.Tools.Scope(name); scope != "" && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return e.opts.Auth.Require(ctx, scopes)
}

// refuse writes the refusal of [Auth]; an error that knows no answer is ours.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var known refusal
	if errors.As(err, &known) {
		known.Write(w)
		return
	}
	e.opts.Logger.ErrorContext(r.Context(), "scopes could not be judged", "error", err)
	errInternal.write(w, nil)
}

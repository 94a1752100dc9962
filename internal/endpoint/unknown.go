package endpoint

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// metaUnknown marks a request of a batch whose method is not there, on its way through the SDK.
const metaUnknown = "chat.clerk/unknown"

// unknownInBatch makes a request of a method that is not there one that the SDK lets through: it
// would refuse the whole batch, in words of its own. Since it puts the name of the method into
// every error -32601, another code with a text that nobody can guess stands for it until the answer
// is written.
func (a aliases) unknownInBatch(out object) object {
	text := strconv.Quote("unknown-" + rand.Text())
	a[fmt.Sprintf(`%d,"message":%s`, jsonrpc.CodeInvalidRequest, text)] =
		fmt.Appendf(nil, `%d,"message":%q`, errMethod.code, errMethod.message)
	out["method"] = json.RawMessage(strconv.Quote(methodPing))
	out["params"] = json.RawMessage(`{"_meta":{"` + metaUnknown + `":` + text + `}}`)
	return out
}

// maxQuoted is how long a name may be to be said again.
const maxQuoted = 200

// answerUnknown answers for methods and tools that are not there, in our own words.
func (e *Endpoint) answerUnknown(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		switch params := req.GetParams().(type) {
		case *mcp.PingParams:
			if params == nil {
				break
			}
			if text, marked := params.Meta[metaUnknown].(string); marked {
				return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: text}
			}
		case *mcp.CallToolParamsRaw:
			if refusal := e.checkTool(params.Name); refusal != nil {
				return nil, &jsonrpc.Error{Code: int64(refusal.code), Message: refusal.message}
			}
		}
		return next(ctx, method, req)
	}
}

// checkTool refuses the call of a tool that is not there (2025-11-25, Tools, "Error Handling").
func (e *Endpoint) checkTool(name string) *rpcError {
	if _, there := e.readOnly[name]; there {
		return nil
	}
	if len(name) > maxQuoted {
		return badParams("there is no such tool")
	}
	return badParams("there is no tool " + strconv.Quote(name))
}

package endpoint

import (
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// NotHere answers for a URL at which there is no endpoint. The message is shown to the client.
func NotHere(w http.ResponseWriter, message string) {
	rpcError{status: http.StatusNotFound, code: jsonrpc.CodeInvalidRequest, message: message}.write(w, nil)
}

package endpoint

import (
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// WriteNotFound answers for a URL without an endpoint. The message is shown to the client.
func WriteNotFound(w http.ResponseWriter, message string) {
	rpcError{status: http.StatusNotFound, code: jsonrpc.CodeInvalidRequest, message: message}.write(w, nil)
}

// WriteCrowded answers a request of an endpoint before it is looked at: too many others wait. The
// request's id is not known, and so left out.
func WriteCrowded(w http.ResponseWriter) { errCrowded.write(w, nil) }

//go:build conformance

package endpoint

import (
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Mount has every endpoint that is made from then on serve what the conformance suite looks for,
// besides its own tools. All that requests go through is as ever. It has to be called before New.
func Mount(options func(*mcp.ServerOptions), add func(*mcp.Server) (tools []string)) {
	fixtures.options, fixtures.add = options, add
	for _, method := range []string{"prompts/get", "resources/read", "completion/complete"} {
		modernMethods[method], legacyMethods[method] = true, true
	}
	for _, method := range []string{"prompts/list", "resources/list", "resources/templates/list"} {
		modernMethods[method] = true
	}
	for _, method := range []string{"resources/subscribe", "resources/unsubscribe"} {
		legacyMethods[method] = true
	}
	// The tools of this server are all that it may have to ask somebody for; prompts of the suite
	// ask too.
	methodParams["prompts/get"] = append(methodParams["prompts/get"],
		member{"inputResponses", false, inputResponses, "the answers to what this server asked"},
		member{"requestState", false, text, "the string that this server gave"})
}

func inputResponses(raw json.RawMessage) (json.RawMessage, bool) {
	var responses mcp.InputResponseMap
	return raw, json.Unmarshal(raw, &responses) == nil
}

package endpoint

import (
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// describeClient takes from an initialize what a client says of itself. It is noted, never a reason
// to refuse: what is malformed is taken for not said. A version that cannot be read is answered as
// one that is not known, with the newest.
func describeClient(out, params object) {
	if version, ok := text(params["protocolVersion"]); ok {
		out["protocolVersion"] = version
	}
	out["capabilities"] = clientCapabilities(params["capabilities"])
	if info, ok := clientInfo(params["clientInfo"]); ok {
		out["clientInfo"] = info
	}
}

// checkMeta reads a _meta, and gives it as the SDK reads it too. In the modern era it says what
// initialize says in the legacy one.
func checkMeta(meta object) (out json.RawMessage, ok bool) {
	if capabilities, there := meta[mcp.MetaKeyClientCapabilities]; there {
		meta[mcp.MetaKeyClientCapabilities] = clientCapabilities(capabilities)
	}
	if raw, there := meta[mcp.MetaKeyClientInfo]; there {
		if info, ok := clientInfo(raw); ok {
			meta[mcp.MetaKeyClientInfo] = info
		} else {
			delete(meta, mcp.MetaKeyClientInfo)
		}
	}
	out = encode(meta)
	var decodes map[string]any // as the SDK reads it: numbers may be beyond what it takes
	return out, json.Unmarshal(out, &decodes) == nil
}

// clientCapabilities keeps which capabilities there are, in the one shape that the SDK takes.
func clientCapabilities(raw json.RawMessage) json.RawMessage {
	given, ok := toObject(raw)
	out := object{}
	if !ok {
		return encode(out)
	}
	for name, parts := range map[string][]string{"sampling": {"tools", "context"}, "elicitation": {"form", "url"}, "roots": nil} {
		value := given[name]
		if !present(value) {
			continue
		}
		kept := object{}
		within, _ := toObject(value)
		for _, part := range parts {
			if present(within[part]) {
				kept[part] = json.RawMessage("{}")
			}
		}
		if name == "roots" && string(within["listChanged"]) == "true" {
			kept["listChanged"] = within["listChanged"]
		}
		out[name] = encode(kept)
	}
	for _, name := range []string{"experimental", "extensions"} {
		var decodes map[string]any
		if value, there := given[name]; there && json.Unmarshal(value, &decodes) == nil && decodes != nil {
			out[name] = value
		}
	}
	return encode(out)
}

// present reports whether a capability is there, whatever a client writes for that.
func present(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "false", "0", `""`, `"false"`:
		return false
	}
	return true
}

// clientInfo keeps the name and version of a client; a number is taken for its digits. Icons are
// not looked at.
func clientInfo(raw json.RawMessage) (json.RawMessage, bool) {
	given, ok := toObject(raw)
	if !ok || len(given) == 0 {
		return nil, false
	}
	out := object{"name": json.RawMessage(`""`), "version": json.RawMessage(`""`)}
	for _, name := range []string{"name", "version", "title", "websiteUrl"} {
		if value, ok := text(given[name]); ok {
			out[name] = value
		} else if value, ok := number(given[name]); ok {
			out[name] = encode(string(value))
		}
	}
	return encode(out), true
}

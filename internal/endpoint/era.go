package endpoint

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// metaLogLevel is deprecated, and alive until it is removed.
const metaLogLevel = "io.modelcontextprotocol/logLevel"

// modernMethods are the requests of the modern era that this server answers: it declares tools and
// nothing else.
var modernMethods = map[string]bool{"server/discover": true, "tools/list": true, methodCallTool: true, methodListen: true}

// era is what a message and the headers beside it say of the era they belong to.
type era struct {
	header  http.Header
	served  []string // versions
	version string   // of the header, "" without one
}

func newEra(header http.Header, served []string) *era {
	return &era{header: header, served: served, version: header.Get(headerVersion)}
}

// isModern tells whether a version that is served has no sessions.
func (e *era) isModern(version string) bool {
	return slices.Contains(e.served, version) && version >= firstModern
}

// claim is the version that a message's own _meta names.
func claim(p *params) (raw json.RawMessage, ok bool) {
	raw, ok = p.meta[mcp.MetaKeyProtocolVersion]
	return raw, ok && string(raw) != "null"
}

// of tells the era of a message by what it carries (2026-07-28, Versioning, "Backward Compatibility
// with Initialization-Based Versions"): one that claims a version is of the era of that version,
// one that claims none is legacy, unless its header names a modern version; and initialize without
// a claim begins a legacy session, whatever is beside it.
func (e *era) of(p *params, method string) (modern bool, refusal *rpcError) {
	raw, claimed := claim(p)
	if !claimed {
		if modern = e.isModern(e.version) && method != methodInitialize; modern {
			return true, nil
		}
		return false, e.checkLegacy()
	}
	var version string
	if json.Unmarshal(raw, &version) != nil {
		return true, missingMeta(mcp.MetaKeyProtocolVersion, "the version of the protocol, a string")
	}
	switch {
	case e.version != "" && e.version != version:
		return true, mismatch("MCP-Protocol-Version is not the version in params._meta")
	case !slices.Contains(e.served, version):
		refusal := errModernVersion
		refusal.data = &versionData{Supported: e.served, Requested: version}
		return true, &refusal
	case e.version == "":
		return true, mismatch("MCP-Protocol-Version is missing; send the version that is in params._meta")
	}
	return e.isModern(version), nil
}

// checkLegacy refuses a version that is not served (2025-11-25, Transports, "Protocol Version
// Header").
func (e *era) checkLegacy() *rpcError {
	if e.version == "" || slices.Contains(e.served, e.version) {
		return nil
	}
	refusal := errVersion
	refusal.message += "; this server speaks " + strings.Join(e.served, ", ")
	return &refusal
}

// unrepeated are the headers of which there may be one: those that say once more what is in the
// body of a modern request, and the session of a legacy one.
var unrepeated = []string{"MCP-Protocol-Version", headerMethod, headerName, SessionHeader}

// checkRepeated refuses headers of which there may be one, and are more: who reads the last of them
// would judge by another value than who reads the first (RFC 9110 §5.3).
func (e *era) checkRepeated(modern bool) *rpcError {
	for _, name := range unrepeated {
		if len(e.header.Values(name)) < 2 {
			continue
		}
		if modern && name != SessionHeader {
			return mismatch("there is more than one " + name + " header; send one")
		}
		refusal := badRequest("there is more than one " + name + " header; send one")
		return &refusal
	}
	return nil
}

// checkModern is what every request of the modern era has to have (2026-07-28, Overview, "_meta"
// and Streamable HTTP, "Server Validation"), but for the version. A method that this server has not
// is refused whatever its params.
func (e *era) checkModern(p *params, method string) *rpcError {
	if _, claimed := claim(p); !claimed {
		return missingMeta(mcp.MetaKeyProtocolVersion, "the version of the protocol, a string")
	}
	if _, there := p.meta[mcp.MetaKeyClientCapabilities]; !there {
		return missingMeta(mcp.MetaKeyClientCapabilities, "what the client can do, an object")
	}
	if refusal := e.checkMethod(method, true); refusal != nil {
		return refusal
	}
	if refusal := e.checkName(p.members, method); refusal != nil {
		return refusal
	}
	if !modernMethods[method] {
		return &errModernMethod
	}
	if raw, there := p.meta[metaLogLevel]; there && string(raw) != "null" { // 2026-07-28, Logging, "Error Handling"
		if _, ok := level(raw); !ok {
			return badParams("params._meta[" + metaLogLevel + "] must be one of " + strings.Join(levels, ", "))
		}
	}
	return nil
}

// checkMethod compares the header with the method.
func (e *era) checkMethod(method string, required bool) *rpcError {
	switch given := e.header.Get(headerMethod); {
	case given == "" && required:
		return mismatch(headerMethod + " is missing; send the method of the request")
	case given != "" && given != method:
		return mismatch(headerMethod + " is not the method of the request")
	}
	return nil
}

// checkName compares the header with the name or URI in params, and leaves it as the SDK compares
// it: the SDK does not decode.
func (e *era) checkName(params object, method string) *rpcError {
	source, named := map[string]string{methodCallTool: "name", "prompts/get": "name", "resources/read": "uri"}[method]
	if !named {
		return nil
	}
	var name string
	if json.Unmarshal(params[source], &name) != nil || string(params[source]) == "null" {
		return nil // whether it has to be there is for the method to say
	}
	given := e.header.Get(headerName)
	if given == "" {
		return mismatch(headerName + " is missing; send params." + source)
	}
	decoded, ok := decodeHeader(given)
	switch {
	case !ok:
		return mismatch(headerName + " is neither visible ASCII nor =?base64?…?= around the Base64 of UTF-8")
	case decoded != name:
		return mismatch(headerName + " is not params." + source)
	}
	e.header.Set(headerName, name)
	return nil
}

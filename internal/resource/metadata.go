package resource

import (
	"encoding/json"
	"net/http"
	"strings"
)

// MetadataPath is where the metadata of the root is; that of another endpoint has its path behind
// it (RFC 9728 §3.1).
const MetadataPath = "/.well-known/oauth-protected-resource"

// metadata is the document of RFC 9728 §2.
type metadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name"`
	Documentation        string   `json:"resource_documentation,omitempty"`
}

// ServeMetadata answers for [MetadataPath] and everything below it. The document is public: any
// origin may read it.
//
// Clients compare the resource in it with the URL they were given, letter by letter (RFC 9728
// §3.3), and some were given one with a slash at its end. So the slash that the metadata was asked
// with is also in the resource.
func (s *Server) ServeMetadata(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET")
		h.Set("Access-Control-Allow-Headers", "*, Authorization, MCP-Protocol-Version") // Fetch: the wildcard has no Authorization
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "metadata is read with GET", http.StatusMethodNotAllowed)
		return
	}
	suffix, found := strings.CutPrefix(r.URL.EscapedPath(), MetadataPath)
	scopes, known := s.opts.Endpoints(strings.TrimSuffix(suffix, "/"))
	if !found || !known {
		http.Error(w, "there is no MCP endpoint at that path", http.StatusNotFound)
		return
	}
	data, _ := json.Marshal(metadata{ // strings only, so no error
		Resource:             s.origin.of(r) + s.base + suffix,
		AuthorizationServers: s.opts.AuthorizationServers,
		ScopesSupported:      s.names(scopes),
		BearerMethods:        []string{"header"},
		Name:                 s.opts.Name,
		Documentation:        s.opts.Documentation,
	})
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(data)
}

// metadataURL is where the metadata of a request's endpoint is. For the root it is that of the URL
// without a slash, which every URL without a path has; below a path the client's own spelling
// tells.
func (s *Server) metadataURL(r *http.Request) string {
	path := r.URL.EscapedPath()
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	if path == "/" && (s.base == "" || !strings.HasSuffix(asked, "/")) {
		path = ""
	}
	return s.origin.of(r) + MetadataPath + s.base + path
}

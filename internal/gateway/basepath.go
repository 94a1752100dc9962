package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/resource"
)

// wellKnown are the names whose documents are found with the path of what they are about behind the
// name (RFC 8414 §3.1, RFC 9728 §3.1), and so outside of that path.
var wellKnown = []string{resource.MetadataPath, authserver.MetadataPath, authserver.OpenIDMetadataPath}

// below serves everything below the path of the public URL, for a gateway that shares its host with
// others: all routes have their usual paths behind it. Outside are only metadata of what is below,
// and probes. Without a path it changes nothing.
func (g *Gateway) below(next http.Handler) http.Handler {
	base := g.cfg.BasePath()
	if base == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := pathBelow(base, r.URL.EscapedPath())
		if !ok {
			endpoint.WriteNotFound(w, "nothing is at this path; this server is at "+base+", with its MCP endpoint at "+base+pathMCP)
			return
		}
		inner := *r
		u := *r.URL
		// Both forms as the path was written: what is escaped in it is not a path of ours.
		u.Path, u.RawPath = path, path
		if plain, err := url.PathUnescape(path); err == nil {
			u.Path = plain
		}
		inner.URL = &u
		next.ServeHTTP(w, &inner)
	})
}

// pathBelow gives a request's path as the routes know it. A path that a router would first have to
// clean is none: the address that it would send a client to is not below the base.
func pathBelow(base, path string) (string, bool) {
	if strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
		return "", false
	}
	if path == pathLive || path == pathReady {
		return path, true
	}
	for _, name := range wellKnown {
		if rest, ok := cutBase(name+base, path); ok {
			return name + rest, true
		}
	}
	rest, ok := cutBase(base, path)
	if rest == "" {
		rest = "/"
	}
	return rest, ok
}

func cutBase(base, path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, base)
	return rest, ok && (rest == "" || rest[0] == '/')
}

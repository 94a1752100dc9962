package token

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// Endpoints say at which endpoints of this gateway a token is good: at the one that its audience
// names and at narrower ones, and at all of them if it names the gateway itself. The zero value
// knows no narrower ones.
type Endpoints struct {
	// Base is the path before all endpoints' paths, without a slash at its end; "" for none.
	Base string
	// Covers tells whether an endpoint has all that another has, by their paths without a slash at
	// the end. It is asked about paths that a token names, which may be no endpoint's. Default:
	// each covers itself alone.
	Covers func(wide, narrow string) bool
}

// Good reports whether a token for an audience is good at a resource: the URL of an endpoint as the
// resource server spells it. It compares to the letter (RFC 8707 §2, RFC 9068 §4), but for a slash
// at the end of either, which clients and issuers add and drop as they like, and for the names of
// this machine, which are one server behind one port. What is not a URL of this gateway is no
// reason to let anybody in.
func (e Endpoints) Good(audience []string, resource string) bool {
	resource = strings.TrimSuffix(resource, "/")
	u, err := url.Parse(resource)
	if err != nil || u.Host == "" {
		return false
	}
	origin := u.Scheme + "://" + u.Host
	path, ok := strings.CutPrefix(resource, origin+e.Base)
	if !ok || path != "" && path[0] != '/' {
		return false
	}
	origins := []string{origin}
	if netx.IsLoopback(u.Hostname()) {
		for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
			origins = append(origins, u.Scheme+"://"+withPort(name, u.Port()))
		}
	}
	return slices.ContainsFunc(audience, func(a string) bool {
		a = strings.TrimSuffix(a, "/")
		return slices.ContainsFunc(origins, func(origin string) bool {
			wide, ok := strings.CutPrefix(a, origin+e.Base)
			return ok && (wide == path || (wide == "" || wide[0] == '/') && e.Covers != nil && e.Covers(wide, path))
		})
	})
}

func withPort(name, port string) string {
	if port == "" {
		return name
	}
	return net.JoinHostPort(strings.Trim(name, "[]"), port)
}

// audienceOf is the aud claim of one or several resources, which are separated by spaces (RFC 7519
// §4.1.3).
func audienceOf(resources string) any {
	if all := strings.Fields(resources); len(all) > 1 {
		return all
	}
	return resources
}

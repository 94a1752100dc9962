package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// Guard checks where a request claims to be sent to and where it comes from.
//
// A page in somebody's browser can reach a server on that person's network by letting its own name
// resolve to the server's address (DNS rebinding). The Host header then still carries the page's
// name, so names that are not ours are refused. Addresses and loopback names always pass: no page
// can make a browser send those for a foreign server.
type Guard struct {
	hosts   []string // lower case, without port
	origins []originPattern
}

// NewGuard allows the host names and the origins given, which may have wildcards, besides addresses
// and loopback names. publicURL, if not nil, adds its own host and origin.
func NewGuard(publicURL *url.URL, hosts, origins []string) (*Guard, error) {
	g := &Guard{}
	if publicURL != nil {
		g.hosts = append(g.hosts, strings.ToLower(publicURL.Hostname()))
		g.origins = append(g.origins, originPattern{
			scheme: strings.ToLower(publicURL.Scheme), host: strings.ToLower(publicURL.Hostname()), port: publicURL.Port(),
		})
	}
	var problems []error
	for _, h := range hosts {
		if strings.Contains(h, "*") {
			problems = append(problems, fmt.Errorf("allowed host %q: there are no wildcards; give each name in full", h))
			continue
		}
		if h == "" || strings.ContainsAny(h, "/:@ ") {
			problems = append(problems, fmt.Errorf("allowed host %q: give a name without scheme, port or path", h))
			continue
		}
		g.hosts = append(g.hosts, strings.ToLower(h))
	}
	for _, o := range origins {
		p, err := parseOrigin(o)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		g.origins = append(g.origins, p)
	}
	return g, errors.Join(problems...)
}

// Hosts lets a request through to next if it is meant for this server, else answers 403.
func (g *Guard) Hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.hostAllowed(r.Host) {
			Refused(w, http.StatusForbidden, ReasonHost, Found(hostname(r.Host)))
			http.Error(w, "this server does not answer for the host name in the request; its operator can allow it with "+
				setting.AllowedHostsFlag, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// originOf is the page that a request says to come from, "" for none. Two are none that can be
// allowed, but by who allows every page.
func originOf(r *http.Request) string { return strings.Join(r.Header.Values("Origin"), " ") }

// Origins lets a request through to next if it comes from no page or from an allowed one, else
// answers 403. Preflight requests of allowed origins are answered here. It relies on [Guard.Hosts]
// in front of it.
func (g *Guard) Origins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := originOf(r)
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		if !g.originAllowed(origin, r, true) {
			Refused(w, http.StatusForbidden, ReasonOrigin, Found(origin))
			http.Error(w, "requests from this origin are not allowed; the operator of this server can allow it with "+
				setting.AllowedOriginsFlag, http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate, Retry-After, "+RequestIDHeader)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
			h.Add("Vary", "Access-Control-Request-Headers")
			h.Set("Access-Control-Allow-Headers", RequestHeaders(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","),
				"Authorization, Content-Type, Accept, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID"))
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TrustsOrigin reports whether the page that a request says to come from is one of the operator's:
// it may call the gateway, as [Guard.Origins] decides, and not only since every page may.
func (g *Guard) TrustsOrigin(r *http.Request) bool {
	return g.originAllowed(originOf(r), r, false)
}

func (g *Guard) hostAllowed(host string) bool {
	name := hostname(host)
	return netx.IsLoopbackName(name) || isAddress(name) || slices.Contains(g.hosts, name)
}

// originAllowed takes the configured origins, open ones only if told so, and a page of this very
// host.
func (g *Guard) originAllowed(origin string, r *http.Request, open bool) bool {
	o := strings.ToLower(origin)
	if slices.ContainsFunc(g.origins, func(p originPattern) bool { return (open || !p.open()) && p.matches(o) }) {
		return true
	}
	u, err := url.Parse(o)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.Host == strings.ToLower(r.Host)
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// hostname is the lower-case name of a Host header, without port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

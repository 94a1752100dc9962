package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/landing"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// mounted is an endpoint with the page that browsers get there.
type mounted struct{ endpoint, landing http.Handler }

// buildPlaces makes every endpoint and its page. Endpoints with the same tools are one and the same
// behind their names.
func (g *Gateway) buildPlaces(opts Options, set *pages.Set, common endpoint.Options) error {
	g.places = map[string]mounted{}
	same := map[string]http.Handler{}
	for path, o := range g.toolsets {
		subset, err := g.tools.Subset(o.tools)
		if err != nil {
			return fmt.Errorf("tools at %s: %w", path, err)
		}
		name := strings.Join(o.tools, ",")
		if same[name] == nil {
			common.Tools = subset
			if same[name], err = endpoint.New(common); err != nil {
				return err
			}
		}
		p := mounted{endpoint: same[name]}
		if p.landing, err = g.newLanding(opts, set, path, subset); err != nil {
			return err
		}
		g.places[path] = p
	}
	return nil
}

func (g *Gateway) newLanding(opts Options, set *pages.Set, path string, subset *mcpadapter.Subset) (http.Handler, error) {
	definitions := subset.Definitions()
	tools := make([]landing.ToolInfo, len(definitions))
	for i, t := range definitions {
		tools[i] = landing.ToolInfo{
			Name: t.Name, Title: t.Title, Description: t.Description,
			ReadOnly: t.Annotations != nil && t.Annotations.ReadOnlyHint,
		}
	}
	if path == "" {
		path = pathMCP // some clients want a path
	}
	return landing.NewLanding(landing.Options{
		Pages:      set,
		Name:       Title,
		Version:    opts.Version,
		Login:      g.resource != nil,
		Sandbox:    opts.SandboxURL != "",
		SandboxURL: opts.SandboxURL,
		Tools:      tools,
		URL:        func(r *http.Request) string { return g.origin(r) + path },
		Others:     g.otherEndpoints(path),
	})
}

// otherEndpoints are those that the page of one tells of, if they have fewer tools than all.
func (g *Gateway) otherEndpoints(path string) []landing.Endpoint {
	titles := map[string]string{"messages": "Messages only", "contacts": "Contacts only", "campaigns": "Campaigns only"}
	var others []landing.Endpoint
	add := func(title, at string) {
		if o, there := g.toolsets[at]; there && at != path && len(o.tools) < len(g.toolsets[pathMCP].tools) {
			others = append(others, landing.Endpoint{Title: title, URL: func(r *http.Request) string { return g.origin(r) + at }})
		}
	}
	add("Read only", pathMCP+readOnly)
	for _, name := range mcpadapter.Toolsets() {
		add(titles[name], pathToolsets+name)
	}
	return others
}

// origin is the beginning of URLs to give to a client: the public one, or what the browser used.
// The Host header was checked.
func (g *Gateway) origin(r *http.Request) string {
	if g.cfg.PublicURL != "" {
		return strings.TrimSuffix(g.cfg.PublicURL, "/")
	}
	return "http://" + r.Host
}

// at finds the endpoint of a request by its path to the letter, since each is a resource of its
// own: one that is spelled in another way would have another name, for which no token is good.
func (g *Gateway) at(protect func(http.Handler) http.Handler) http.Handler {
	handlers := make(map[string]http.Handler, len(g.places))
	for path, p := range g.places {
		handlers[path] = g.guard.Origins(forBrowsers(p.landing, protect(p.endpoint)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
		h, ok := handlers[path]
		if !ok {
			endpoint.WriteNotFound(w, notFoundText(g.toolsets, g.cfg.BasePath(), r.URL.Path))
			return
		}
		h.ServeHTTP(w, r)
	})
}

package gateway

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

const (
	// pathMCP is the endpoint's path for clients that want one; the root offers the same.
	pathMCP = "/mcp"
	// pathToolsets is before the toolsets of an endpoint that has only these.
	pathToolsets = pathMCP + "/x/"
	// readOnly is the last word of the path of an endpoint that has only tools that read.
	readOnly = "/readonly"
)

// toolset is what an endpoint has.
type toolset struct {
	// path is where it is, without a slash at its end; "" is the root.
	path string
	// tools and scopes are its tools' names and what they need.
	tools, scopes []string
}

// offers are all endpoints, by path. What the settings leave out is in none of them, and an endpoint without any tool is
// none.
func offers(cfg *config.Config) map[string]toolset {
	all := map[string]toolset{}
	add := func(path string, toolsets []string, reading bool) {
		o, needed := toolset{path: path}, map[string]bool{}
		for _, t := range mcpadapter.Catalog() {
			if !bound(cfg, t) || !slices.Contains(toolsets, t.Toolset) || reading && !t.ReadOnly {
				continue
			}
			o.tools = append(o.tools, t.Name)
			needed[t.Scope] = true
		}
		for _, scope := range mcpadapter.Scopes() {
			if needed[scope] {
				o.scopes = append(o.scopes, scope)
			}
		}
		if len(o.tools) > 0 {
			all[path] = o
		}
	}
	toolsets := mcpadapter.Toolsets()
	add("", toolsets, false)
	add(pathMCP, toolsets, false)
	add(pathMCP+readOnly, toolsets, true)
	for subset := 1; subset < 1<<len(toolsets); subset++ {
		var some []string
		for i, name := range toolsets {
			if subset>>i&1 == 1 {
				some = append(some, name)
			}
		}
		path := pathToolsets + strings.Join(some, ",")
		add(path, some, false)
		add(path+readOnly, some, true)
	}
	return all
}

// bound reports whether the settings leave a tool in.
func bound(cfg *config.Config, t mcpadapter.ToolInfo) bool {
	named := len(cfg.Tools) == 0 || slices.Contains(cfg.Tools, t.Name) || slices.Contains(cfg.Tools, t.Toolset)
	return named && (t.ReadOnly || !cfg.ReadOnly)
}

// offerProblems is what is wrong with the settings that choose tools.
func offerProblems(cfg *config.Config) (problems []string) {
	known := mcpadapter.Toolsets()
	for _, t := range mcpadapter.Catalog() {
		known = append(known, t.Name)
	}
	for _, name := range cfg.Tools {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Sprintf("--tools (GATEWAY_TOOLS): there is no toolset or tool %q; choose from %s",
				name, strings.Join(known, ", ")))
		}
	}
	if len(problems) == 0 && len(offers(cfg)) == 0 {
		problems = append(problems, "--tools (GATEWAY_TOOLS): none of these only reads, so --read-only (GATEWAY_READ_ONLY) leaves no tool; "+
			"add get_messages or drop --read-only")
	}
	return problems
}

// notFoundText is what to tell somebody who asked for a path near the endpoints' that is none.
func notFoundText(all map[string]toolset, base, path string) string {
	if right, ok := canonical(path); ok {
		if _, there := all[right]; there {
			return "No MCP endpoint here. These tools are at " + base + right + "."
		}
		return "No MCP endpoint here: this server has no tools for it. All that there are: " + base + pathMCP + "."
	}
	return "No MCP endpoint here. Try " + base + pathMCP + ", " + base + pathMCP + readOnly + " or " + base + pathToolsets + "TOOLSETS[" +
		readOnly + "], TOOLSETS being " + strings.Join(mcpadapter.Toolsets(), ",") + " in that order."
}

// canonical gives the one spelling of a path whose toolsets are known.
func canonical(path string) (string, bool) {
	path = strings.ToLower(path)
	if strings.Trim(path, "/") == strings.Trim(pathMCP+readOnly, "/") {
		return pathMCP + readOnly, true
	}
	list, ok := strings.CutPrefix(path, pathToolsets)
	if !ok {
		return "", false
	}
	list, reading := strings.CutSuffix(strings.TrimSuffix(list, "/"), readOnly)
	asked := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", +/;", r) })
	var some []string
	for _, name := range mcpadapter.Toolsets() {
		if slices.Contains(asked, name) {
			some = append(some, name)
		}
	}
	unknown := slices.ContainsFunc(asked, func(name string) bool { return !slices.Contains(some, name) })
	if unknown || len(some) == 0 {
		return "", false
	}
	right := pathToolsets + strings.Join(some, ",")
	if reading {
		right += readOnly
	}
	return right, true
}

// scopesAt are those of the endpoint that a resource names. On this machine its names are as good as each other.
func scopesAt(all map[string]toolset, issuer *url.URL, resource string) (scopes []string, ok bool) {
	u, err := url.Parse(resource)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != issuer.Scheme || u.Port() != issuer.Port() {
		return nil, false
	}
	sameHost := strings.EqualFold(u.Hostname(), issuer.Hostname()) ||
		netx.IsLoopbackName(strings.ToLower(u.Hostname())) && netx.IsLoopbackName(issuer.Hostname())
	path, below := cutBase(issuer.Path, strings.TrimSuffix(u.EscapedPath(), "/"))
	o, ok := all[path]
	return o.scopes, ok && below && sameHost
}

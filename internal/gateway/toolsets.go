package gateway

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// The paths of the endpoints with some of the tools: /mcp/readonly and /mcp/x/TOOLSETS. What a
// toolset enables is in pkg/mcpadapter/toolsets.go.

const (
	// pathMCP is the endpoint's path for clients that want one; the root offers the same.
	pathMCP = "/mcp"
	// pathToolsets is before the toolsets of an endpoint that has only these.
	pathToolsets = pathMCP + "/x/"
	// readOnly is the last word of the path of an endpoint that has only tools that read.
	readOnly = "/readonly"
)

// toolset is the tools of one endpoint.
type toolset struct {
	// path is where it is, without a slash at its end; "" is the root.
	path string
	// tools and scopes are its tools' names and what they need.
	tools, scopes []string
}

// selected is what the settings enable. No endpoint has more.
func selected(cfg *config.Config) mcpadapter.Selection {
	return mcpadapter.Selection{Names: cfg.Tools, ReadOnly: cfg.ReadOnly}
}

// toolsets are those of all endpoints, by path. One that would have no tool is not there.
func toolsets(cfg *config.Config) map[string]toolset {
	all := map[string]toolset{}
	add := func(path string, narrowed mcpadapter.Selection) {
		if tools, scopes := mcpadapter.Enabled(selected(cfg), narrowed); len(tools) > 0 {
			all[path] = toolset{path: path, tools: tools, scopes: scopes}
		}
	}
	add("", mcpadapter.Selection{})
	add(pathMCP, mcpadapter.Selection{})
	add(pathMCP+readOnly, mcpadapter.Selection{ReadOnly: true})
	names := mcpadapter.Toolsets()
	for subset := 1; subset < 1<<len(names); subset++ {
		var some []string
		for i, name := range names {
			if subset>>i&1 == 1 {
				some = append(some, name)
			}
		}
		path := pathToolsets + strings.Join(some, ",")
		add(path, mcpadapter.Selection{Names: some})
		add(path+readOnly, mcpadapter.Selection{Names: some, ReadOnly: true})
	}
	return all
}

// toolsetProblems is what is wrong with the settings that choose tools.
func toolsetProblems(cfg *config.Config) (problems []string) {
	for _, name := range selected(cfg).Unknown() {
		problems = append(problems, fmt.Sprintf(setting.Tools+": there is no toolset or tool %q; choose from %s",
			name, strings.Join(mcpadapter.Selectable(), ", ")))
	}
	if len(problems) == 0 && len(toolsets(cfg)) == 0 {
		problems = append(problems, setting.Tools+": none of these only reads, so "+setting.ReadOnly+" leaves no tool; "+
			"add get_messages or drop "+setting.ReadOnlyFlag)
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
	some, ok := mcpadapter.CanonicalToolsets(list)
	if !ok {
		return "", false
	}
	right := pathToolsets + strings.Join(some, ",")
	if reading {
		right += readOnly
	}
	return right, true
}

// scopesAt are those of the endpoint that a resource names. On this machine its names are as good
// as each other.
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

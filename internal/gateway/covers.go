package gateway

import (
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// endpointTree says where tokens are good, whoever issued them.
func endpointTree(cfg *config.Config) token.Endpoints {
	return token.Endpoints{Base: cfg.BasePath(), Covers: covers}
}

// covers tells whether one endpoint is as wide as another, by their paths: the root stands for the
// whole gateway, and each toolset and the word readonly narrow. It goes by the paths and not by the
// tools, which settings can make equal, so that a setting never makes a token good in more places.
// A path that is not an endpoint's covers nothing.
func covers(wide, narrow string) bool {
	if wide == "" || wide == narrow {
		return true
	}
	w, ok := reachOf(wide)
	n, narrowOK := reachOf(narrow)
	if !ok || !narrowOK || w.readOnly && !n.readOnly {
		return false
	}
	outside := func(toolset string) bool { return !slices.Contains(w.toolsets, toolset) }
	return w.all || !n.all && !slices.ContainsFunc(n.toolsets, outside)
}

// reach is what the path of an endpoint says of its tools.
type reach struct {
	all      bool // not only some toolsets
	toolsets []string
	readOnly bool
}

// reachOf reads a path in its one spelling; the root is none.
func reachOf(path string) (reach, bool) {
	path, readOnly := strings.CutSuffix(path, readOnly)
	if path == pathMCP {
		return reach{all: true, readOnly: readOnly}, true
	}
	list, ok := strings.CutPrefix(path, pathToolsets)
	toolsets := strings.Split(list, ",")
	unknown := func(name string) bool { return !slices.Contains(mcpadapter.Toolsets(), name) }
	return reach{toolsets: toolsets, readOnly: readOnly}, ok && !slices.ContainsFunc(toolsets, unknown)
}

package mcpadapter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// ToolInfo is what choosing among the tools goes by.
type ToolInfo struct {
	Name string
	// Toolset is the group that the tool belongs to, see [Toolsets].
	Toolset string
	// Scope is what a caller needs for it.
	Scope string
	// ReadOnly tells that it changes nothing and sends nothing.
	ReadOnly bool
}

// Catalog lists the seven tools.
func Catalog() []ToolInfo {
	tools := sevenTools()
	infos := make([]ToolInfo, len(tools))
	for i, t := range tools {
		toolset, _, _ := strings.Cut(t.scope, ":")
		infos[i] = ToolInfo{Name: t.name, Toolset: toolset, Scope: t.scope, ReadOnly: t.effect == reads}
	}
	return infos
}

// Toolsets are the groups of tools, in the order in which they are written: messages, contacts, campaigns.
func Toolsets() []string {
	var all []string
	for _, t := range Catalog() {
		if !slices.Contains(all, t.Toolset) {
			all = append(all, t.Toolset)
		}
	}
	return all
}

// Part is some of the tools. Those that are not in it are to its callers as if they did not exist.
type Part struct {
	tools        *Tools
	names        map[string]bool
	definitions  []*mcp.Tool
	instructions string
}

// Part makes one of the tools with these names, of which there must be one. It shares everything with the tools.
func (t *Tools) Part(names []string) (*Part, error) {
	p := &Part{tools: t, names: map[string]bool{}}
	for _, name := range names {
		if t.tools[name] == nil {
			return nil, fmt.Errorf("mcpadapter: %w: %s", ErrUnknownTool, quoteName(name))
		}
		p.names[name] = true
	}
	if len(p.names) == 0 {
		return nil, fmt.Errorf("mcpadapter: a part without tools")
	}
	remembers := false
	for _, d := range t.definitions {
		if p.names[d.Name] {
			p.definitions = append(p.definitions, d)
		}
		remembers = remembers || t.tools[d.Name].named
	}
	p.instructions = instructions(remembers, func(name string) bool { return p.names[name] })
	return p, nil
}

// Definitions returns the part's tools for tools/list. They are shared and must not be changed.
func (p *Part) Definitions() []*mcp.Tool { return slices.Clone(p.definitions) }

// Instructions tell a model how the part's tools belong together.
func (p *Part) Instructions() string { return p.instructions }

// Scope is what a caller needs for a tool, "" if the part has none of that name.
func (p *Part) Scope(tool string) string {
	if !p.names[tool] {
		return ""
	}
	return p.tools.Scope(tool)
}

// Call is [Tools.Call] for the part's tools.
func (p *Part) Call(ctx context.Context, c Call) Report {
	if !p.names[c.Tool] {
		return unknownTool(c.Tool)
	}
	return p.tools.Call(ctx, c)
}

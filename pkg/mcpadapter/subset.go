package mcpadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	tools := sevenTools(setting{has: func(string) bool { return true }})
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

// Subset is some of the tools. Those that are not in it are to its callers as if they did not exist: nothing that they are
// told speaks of them.
type Subset struct {
	*toolset
	all *Tools
}

// Subset makes one of the tools with these names, of which there must be one. It shares everything with the tools.
func (t *Tools) Subset(names []string) (*Subset, error) {
	if len(names) == 0 {
		return nil, errors.New("mcpadapter: a part without tools")
	}
	for _, name := range names {
		if t.tools[name] == nil {
			return nil, fmt.Errorf("mcpadapter: %w: %s", ErrUnknownTool, quoteName(name))
		}
	}
	s := t.setting
	s.has = func(name string) bool { return slices.Contains(names, name) }
	offer, err := newOffer(s)
	return &Subset{toolset: offer, all: t}, err
}

// Call is [Tools.Call] for the part's tools.
func (p *Subset) Call(ctx context.Context, c Call) Report { return p.all.call(ctx, p.toolset, c) }

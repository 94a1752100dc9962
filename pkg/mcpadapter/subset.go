package mcpadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Subset is some of the tools. Those that are not in it are to its callers as if they did not
// exist: nothing that they are told speaks of them.
type Subset struct {
	*toolset
	all *Tools
}

// Subset makes one of the tools with these names, of which there must be one. It shares everything
// with the tools.
func (t *Tools) Subset(names []string) (*Subset, error) {
	if len(names) == 0 {
		return nil, errors.New("mcpadapter: a subset without tools")
	}
	for _, name := range names {
		if t.tools[name] == nil {
			return nil, fmt.Errorf("mcpadapter: %w: %s", ErrUnknownTool, quoteName(name))
		}
	}
	s := t.setting
	s.has = func(name string) bool { return slices.Contains(names, name) }
	enabled, err := newToolset(s)
	return &Subset{toolset: enabled, all: t}, err
}

// Call is [Tools.Call] for the subset's tools.
func (s *Subset) Call(ctx context.Context, c Call) Report { return s.all.call(ctx, s.toolset, c) }

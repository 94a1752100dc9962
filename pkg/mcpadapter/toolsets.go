package mcpadapter

import (
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

// Toolsets are the groups of tools, in the order in which they are written: messages, contacts,
// campaigns.
func Toolsets() []string {
	var all []string
	for _, t := range Catalog() {
		if !slices.Contains(all, t.Toolset) {
			all = append(all, t.Toolset)
		}
	}
	return all
}

// CanonicalToolsets gives the one spelling of a list of toolsets: each named once, in the order of
// [Toolsets]. Names may be separated by commas, spaces, plus signs, slashes or semicolons. A list
// without a name, or with one that is not a toolset's, has no such spelling.
func CanonicalToolsets(list string) (names []string, ok bool) {
	given := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", +/;", r) })
	all := Toolsets()
	for _, name := range given {
		if !slices.Contains(all, name) {
			return nil, false
		}
	}
	names = slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(given, name) })
	return names, len(names) > 0
}

// Selection chooses among the tools. The zero Selection enables all.
type Selection struct {
	// Names are those of tools and toolsets; without any, all tools are meant.
	Names []string
	// ReadOnly leaves out every tool that changes or sends something.
	ReadOnly bool
}

// Enables reports whether the selection has a tool.
func (s Selection) Enables(t ToolInfo) bool {
	named := len(s.Names) == 0 || slices.Contains(s.Names, t.Name) || slices.Contains(s.Names, t.Toolset)
	return named && (t.ReadOnly || !s.ReadOnly)
}

// Unknown are the names in the selection that are neither a tool's nor a toolset's.
func (s Selection) Unknown() []string {
	known := Selectable()
	return slices.DeleteFunc(slices.Clone(s.Names), func(name string) bool { return slices.Contains(known, name) })
}

// Selectable are the names that a [Selection] may have: the toolsets', then the tools'.
func Selectable() []string {
	names := Toolsets()
	for _, t := range Catalog() {
		names = append(names, t.Name)
	}
	return names
}

// Enabled are the names of the tools that every one of the selections enables, and the scopes that
// callers need for all of these, in the order of [Scopes].
func Enabled(selections ...Selection) (tools, scopes []string) {
	needed := map[string]bool{}
	for _, t := range Catalog() {
		if slices.ContainsFunc(selections, func(s Selection) bool { return !s.Enables(t) }) {
			continue
		}
		tools = append(tools, t.Name)
		needed[t.Scope] = true
	}
	for _, scope := range Scopes() {
		if needed[scope] {
			scopes = append(scopes, scope)
		}
	}
	return tools, scopes
}

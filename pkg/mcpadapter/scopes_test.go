package mcpadapter

import (
	"slices"
	"testing"
)

func TestEveryToolNeedsAScopeOfTheList(t *testing.T) {
	for _, tool := range sevenTools(setting{has: func(string) bool { return true }}) {
		if !slices.Contains(Scopes(), tool.scope) {
			t.Errorf("%s needs %q, which nobody can be granted", tool.name, tool.scope)
		}
	}
}

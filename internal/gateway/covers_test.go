package gateway

import "testing"

func TestWiderEndpointsCoverNarrowerOnes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		wide, narrow string
		want         bool
	}{
		{"", "", true},
		{"", "/mcp", true},
		{"", "/anything", true},
		{"/mcp", "", false},
		{"/mcp", "/mcp", true},
		{"/mcp", "/mcp/readonly", true},
		{"/mcp", "/mcp/x/messages", true},
		{"/mcp/readonly", "/mcp/x/messages/readonly", true},
		{"/mcp/readonly", "/mcp/x/messages", false},
		{"/mcp/readonly", "/mcp", false},
		{"/mcp/x/messages", "/mcp/x/messages/readonly", true},
		{"/mcp/x/messages", "/mcp/x/messages,contacts", false},
		{"/mcp/x/messages,contacts", "/mcp/x/contacts", true},
		{"/mcp/x/messages/readonly", "/mcp/x/messages", false},
		{"/mcp/x/messages,contacts,campaigns", "/mcp", false},
		{"/mcp/x/messages,contacts,campaigns", "/mcp/readonly", false},
		{"/other", "/mcp", false},
		{"/mcpx", "/mcp", false},
		{"/mcp/x/", "/mcp/x/messages", false},
		{"/mcp/x/messages,other", "/mcp/x/messages", false},
		{"/readonly", "/mcp/readonly", false},
		{"/mcp", "/mcp/dry-run", false},
	} {
		if got := covers(tt.wide, tt.narrow); got != tt.want {
			t.Errorf("%q covers %q: %v", tt.wide, tt.narrow, got)
		}
	}
}

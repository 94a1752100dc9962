package sandbox

import "github.com/clerkchat/mcp-gateway/internal/sandbox/provider"

// People are the names of those who can sign in, each with the team.
func People() []string { return provider.People() }

// Package e2e drives the gateway with programs that other people wrote: Claude Code, Codex, Gemini
// CLI, mcpc, mcporter, the MCP Inspector's command line, mcp-remote and the conformance suite,
// which come by lockfile (npm ci --prefix e2e --ignore-scripts), and Chromium, which goes through
// the pages as people do. oidc-provider, by the same lockfile, is the identity provider of replicas
// that are killed, stopped and kept waiting while they renew its tokens (provider/server.mjs). The
// agents among the clients talk to a stand-in for their model (clients_model_test.go), and nothing
// leaves this machine. It has tests only. BROWSER_SCREENSHOTS=DIR keeps pictures of the pages.
package e2e

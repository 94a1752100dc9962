// Package e2e drives the gateway's binary with programs that other people wrote: the MCP Inspector's command line, mcp-remote
// and the conformance suite, which come by lockfile (npm ci --prefix e2e --ignore-scripts), and Chromium, which goes through
// the pages as people do. oidc-provider, by the same lockfile, is the identity provider of replicas that are killed, stopped
// and kept waiting while they renew its tokens (provider/server.mjs). It has tests only. BROWSER_SCREENSHOTS=DIR keeps pictures
// of the pages.
package e2e

// Package e2e drives the gateway's binary with clients that other people wrote: the MCP Inspector's command line and the
// conformance suite. It has tests only; the clients come by lockfile: npm ci --prefix e2e.
package e2e

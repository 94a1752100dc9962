// Package web is the HTTP plumbing in front of everything: request id, recovery, Host and Origin
// checks, and the limit on a body's size. Each piece is a plain http.Handler wrapper; the gateway
// chains them once at start.
//
// The package knows nothing of MCP, OAuth or the REST API, and it never writes an error's cause to
// a client.
package web

// Package endpoint is the MCP endpoint: one URL that serves the legacy era (protocol versions up to 2025-11-25, with
// initialize and sessions) and the modern era (2026-07-28, without either).
//
// A request passes straight through: it waits for its turn and its body is read (turn.go), its envelope is decoded once
// (envelope.go), with the params of each method checked (params.go), what a client says of itself mended (clientinfo.go) and its
// ids kept to the letter (ids.go); a legacy request finds its session (session.go), and the SDK's stateless handler (server.go)
// runs the method; a tool call goes on to [Tools] (call.go), with what the SDK does not hand on of its envelope (heard.go), and
// tells of its progress (progress.go). What a batch may cost is bounded in batch.go.
// Whatever is wrong before a method runs is answered here, as a JSON-RPC error from the one table in errors.go.
//
// The package knows neither the REST API nor Redis, and decides nothing about who may call.
package endpoint

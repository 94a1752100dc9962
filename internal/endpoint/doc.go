// Package endpoint is the MCP endpoint: one URL that serves the legacy era (protocol versions up to
// 2025-11-25, with initialize and sessions) and the modern era (2026-07-28, without either).
//
// The way of a POST through the files:
//
//	endpoint.go    headers, and the order of everything below
//	inflight.go    the body is read, in a turn of its caller's share
//	envelope.go    the body is taken apart once: messages, ids, calls; written again for the SDK
//	era.go         which era each message belongs to, and what the modern one has to have beside it (headers.go)
//	params.go      the params of each method as the SDK reads them (clientinfo.go: what clients say of themselves)
//	ids.go         JSON-RPC ids that the SDK would not give back to the letter
//	scopes.go      whether the caller may make all its calls, and the credential for them (credential.go)
//	session.go     the legacy session that the request names, or the one that an initialize begins
//	request.go     what its handlers know of the request, and the one writer of its answer
//	server.go      the SDK's server and what goes around each method (batch.go: how many of a batch run at once)
//	call.go        the call of a tool goes on to [Tools.Call], with its progress (progress.go)
//	cancellation.go what ends a call: its client's notification, or its connection
//	stream.go      a stream of events begins at once, and is kept alive
//	unknown.go     methods and tools that are not there
//	answer.go      what the results of a request may take together
//	errors.go      every refusal and its answer, as a JSON-RPC error
//
// The package knows neither the REST API nor Redis, and decides nothing about who may call.
package endpoint

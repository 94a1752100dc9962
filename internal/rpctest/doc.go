// Package rpctest posts raw JSON-RPC over HTTP and reads what comes back, for tests: bytes as a
// test wrote them, which no client of a library would send. It is for tests only and imports
// nothing of ours.
//
// A [Request] goes to a server with [Request.Do], or with [Request.Send] where a test expects that
// it fails, or to a handler in this process with [Request.Serve]. Each gives an [Answer];
// [Answer.Messages] reads JSON-RPC from JSON and event streams.
package rpctest

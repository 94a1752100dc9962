// Package differential sends a corpus of requests to the gateway, to a bare server of the Go SDK
// and to one of the TypeScript SDK, and holds their answers side by side: corpus/*.http are the
// requests, differences.txt has every difference with its reason and the section of the
// specification. Load gives the requests to whoever wants to send them another way.
package differential

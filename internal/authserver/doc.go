// Package authserver is the OAuth 2.1 authorization server that MCP clients meet: metadata, registration, authorization
// with consent, tokens and revocation. People sign in elsewhere, behind [SignIn]; a
// key of their own, where one is needed, is kept elsewhere too, behind [Linker].
//
//	server, err := authserver.New(authserver.Options{…})
//	server.Mount(mux)
//
// Each endpoint is a file. Every token runs through one pipeline (pipeline.go): client, grant, scopes, policy, and one
// write at its end. Every error is a line of one table (errors.go).
//
// It keeps nothing itself: an authorization request travels with the browser until its person has signed in (pending.go),
// grants and consents are in pkg/session, and a registered client is what is sealed in its id. So any replica answers any
// request.
//
// A store or a provider that is down is 503 and never invalid_grant or invalid_client, which make clients throw their
// credentials away. No cause, code, token or secret may appear in an answer or a log. The package does not know how a
// token is signed, how people sign in, or what a scope allows.
package authserver

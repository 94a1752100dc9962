// Package authserver is the OAuth 2.1 authorization server that MCP clients meet: metadata,
// registration, authorization with consent, tokens and revocation. People sign in elsewhere, behind
// [SignIn]; a personal key, where one is needed, is kept elsewhere too, behind [Linker].
//
// A client comes along these files, each endpoint being one:
//
//	server.go             the options, and the routes of all endpoints
//	metadata.go           what the server says of itself, and its keys
//	register.go           registration, which keeps nothing: the client_id is the client (registrar.go)
//	clients.go            who a client_id is: registered, listed (clientlist.go), or known by its metadata
//	                      document: documents.go, its parts (documentparse.go), its cache (caching.go),
//	                      its copy for when the host is away (documentkept.go, builtin.go)
//
// A person comes along these in a browser, where an authorization request is a cookie until
// somebody has signed in (pending.go, cookies.go):
//
//	authorize.go          the request is read (request.go), its redirect matched (redirects.go)
//	consent.go            the page that asks
//	signin.go             what the provider has to do
//	callback.go           the provider's answer is redeemed, once
//	personalkey.go        the page for a personal key, if one is needed
//	finish.go             the end of a sign-in: grant and approval are stored
//	handover.go           the browser goes back to the client with a code, or why there is none
//
// A token request comes along these:
//
//	token.go              the request is read, and waits for the store if it has to (wait.go)
//	clientauth.go         the client proves who it is, with a secret or an assertion (assertion.go,
//	                      clientkeys.go) as its grant demands (agreement.go)
//	direct.go             a grant without a person: of a client itself (software.go), or of an assertion
//	                      (bearer.go) of a workload (workloads.go) or a person (identityassertion.go)
//	pipeline.go           what every token runs through: client, grant, scopes, policy, one write
//	revoke.go             the end of a grant
//
// Every error is a line of one table (errors.go; refusals.go says why to operators), and every
// endpoint is limited (limits.go).
//
// It keeps nothing itself: grants, authorization requests and consents are in pkg/session/grant. So
// any replica answers any request.
//
// A store or a provider that is down is 503 and never invalid_grant or invalid_client, which make
// clients throw their credentials away. No cause, code, token or secret may appear in an answer or
// a log. The package does not know how a token is signed, how people sign in, or what a scope
// allows.
package authserver

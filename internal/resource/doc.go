// Package resource makes MCP endpoints an OAuth resource server: it publishes the metadata that
// leads a client to the authorization server (RFC 9728), lets nobody through without an access
// token that is good at that very endpoint (RFC 6750, RFC 8707), and says in challenges what a
// client has to do next.
//
// [Server.Protect] stands in front of each endpoint, and [Server.ServeMetadata] serves
// [MetadataPath] and what is below it.
//
// Every endpoint is a resource of its own, named by its URL. What a token allows is decided where
// the call is known: the endpoint decodes the body and asks [Server.Require] for the scopes of all
// calls in it.
//
// Only a verifier that says so makes a token invalid. Any other failure is answered 503: a 401
// would make clients throw away a login that is fine.
//
// The package does not know how a token is verified and must not pass one on: behind
// [Server.Protect] a request has no Authorization header. It must not read bodies, and must not
// take a token from anywhere but that header.
package resource

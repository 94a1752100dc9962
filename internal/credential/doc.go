// Package credential finds what the REST API is shown for a caller, once for a request and before
// anything of its answer exists, since only then can a client be asked to sign in or to come back.
//
//	resolver.go   finds it, renews it, and turns the errors of its source into answers over HTTP
//	workspace.go  one API key for everybody: --clerk-credential api-key
//	carried.go    the client's own token, as the subject of a token exchange
//	tenant.go     who shares a workspace with whom, as far as the credential tells
//
// A person's own key (linked), the token of a sign-in (login) and the token exchange (exchange) are
// sources in internal/upstream, beside the provider that they ask.
package credential

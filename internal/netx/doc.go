// Package netx bounds what the gateway asks of other servers but the REST API: identity providers, authorization servers,
// and the sites of clients. However such a server answers, a request to it ends.
//
// The package knows nothing of what is asked, and sends no request by itself.
package netx

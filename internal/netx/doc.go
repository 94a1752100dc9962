// Package netx bounds what the gateway asks of other servers but the REST API: identity providers,
// authorization servers, and the sites of clients. However such a server answers, a request to it
// ends.
//
// [Fetcher] gets what strangers name: it also keeps them from reaching anything that is not public.
//
// The package knows nothing of what is asked, and sends no request by itself.
package netx

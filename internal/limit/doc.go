// Package limit bounds how much each caller and each address may do, for all replicas together: calls and messages of a
// subject as an mcpadapter.Limiter, and requests of an address as an authserver.Limiter.
//
// Limits protect the workspace from clients that run wild, they are no accounts. So what cannot be counted, because the
// store is down, is let through and reported as such; nobody is refused for the store's sake. Subjects and addresses are
// keyed digests by the time they reach the store.
//
// The package knows neither Redis nor HTTP nor what a call is about, and it does not log.
package limit

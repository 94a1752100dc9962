// Package limit bounds how much each caller and each address may do, for all replicas together:
// calls and messages of a subject as an mcpadapter.Limiter, and requests of an address as an
// authserver.Limiter.
//
// Limits protect the workspace from runaway clients; they are not billing counters. So nobody is
// refused for the store's sake: while it is away each process counts by itself (local.go), what it
// saw taken before included, and refuses what is beyond the maximum; that is reported. With several
// replicas a caller can then take the maximum from each of them. Subjects and addresses are keyed
// digests by the time they are counted.
//
// [InFlight] is about this process alone: how many calls of each caller, and of all, are in flight
// at once. It needs no store.
//
// The package knows neither Redis nor HTTP nor what a call is about, and it does not log.
package limit

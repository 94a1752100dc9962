// Package idempotency keeps a creating call from being executed twice, for all replicas together
// and whatever dies in between. It implements [mcpadapter.Idempotency].
//
// One rule carries everything: once an idempotency record says that an operation is committed, only
// the attempt that wrote it may ever execute it. Every other call replays its answer, waits for it,
// or reconciles, which is to search for what it left. Whether an owner is alive (its heartbeat)
// therefore decides how long others wait, never what is safe; clocks that jump and owners that
// stall do no harm.
//
// The way of a call through the files:
//
//	do.go           Guard.Begin and Next: find the record of this key or retransmission, or write one
//	execute.go      the attempt of this call: acquire the queue, note it as open; Commit; Finish
//	queue.go        calls of one tenant with the same fingerprint go one after another
//	openattempts.go which attempts of a fingerprint have no answer yet
//	reconcile.go    whether an attempt without an answer took effect
//	claims.go       which attempt made what was found
//	conclude.go     what is written when the outcome is known, or will not be
//	epoch.go        whether the store lost data
//	backlog.go      writes that the store did not take at once, tried again in the background
//	heartbeat.go    whether the owner of a record is alive
//	record.go       the record itself: its phases, sealing, time to live
//	names.go        what a record, a queue, a list and a claim are called
//
// A record goes
//
//	prepared → committed → done | refused | unknown → done
//
// by compare-and-set. A prepared record may be taken over, since its owner has to commit by
// compare-and-set before it does anything. An unknown one is reconciled among what operations of
// the same fingerprint have made: each attempt is noted as open before it makes anything, claims
// what it made before it is no longer open, and only an unclaimed match that can be nobody else's
// counts. Open attempts and claims belong to the whole deployment, since a search may show one
// tenant what another has made. The queue of a tenant is for order: nothing that is safe rests on
// it.
//
// Data loss is told from a new store by an epoch, which every attempt reads once its record is
// written: whatever is lost from then on takes the record along, and the commit fails by itself.
//
// A write of the backlog may never be made: then others reconcile instead of replaying.
//
// The package knows nothing of REST, of messages or of Redis, and must not: the caller executes,
// where to search comes with the operation, and the store is four operations on names.
package idempotency

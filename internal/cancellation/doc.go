// Package cancellation stops the calls that their clients cancel with a notification, on whichever
// replica they run.
//
// A call is known by its session, whose that is, and its JSON-RPC id ([ID]). The replica that the
// notification reaches stops the call if it runs there; else it marks the name of the call in the
// store, which tells the other replicas, and which the replica of the call looks at in the trips
// that the call makes anyway. A mark stops only what began before it, by the clock of the process
// for what reached the process itself, by that of the store for what came from another one; a clock
// of another process never counts. It goes when its call ends, or after [life].
//
// Unknown never stops a call: while the store does not answer, a notification reaches the calls of
// its own replica and no others. Nobody is told that a call was stopped but by the result of the
// call itself.
package cancellation

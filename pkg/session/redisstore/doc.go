// Package redisstore is the one store of the gateway: Redis through go-redis, as one server, under
// Sentinel or as a cluster, or a [Server] within the process.
//
// It speaks bytes and times, so a [Keyspace] fits the narrow interface of whoever keeps something
// there. What a value means it does not know. All keys are built in keys.go and every key has a
// time to live.
//
// Calls stand in a queue, first come first served, before their clocks start (queue.go): waiting
// there is never an outage. A call whose turn has come returns soon, whatever state Redis is in:
// each is bounded by [Options.Timeout], and while a server fails a circuit breaker (health.go,
// circuitbreaker.go) has it asked only now and then, by one call at a time. It opens on what the
// server does, never on what callers do. No write that was sent is repeated, since only the caller
// knows what repeating means. Every failure is a [*Error], which matches [ErrUnavailable] and never
// looks like something that is not there.
//
// It needs Redis 6.2 or later, or what speaks like it. It imports nothing of ours and does not log.
package redisstore

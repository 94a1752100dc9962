// Package histories holds the tests that a thing is done once whatever goes wrong: thousands of
// random histories of whole replicas, in one process and in simulated time.
//
// A history has three replicas, a Redis, a simulated Clerk Chat and some clients that make calls
// and repeat them. While they do, connections break before and after every step, replicas die,
// stall and come back, clocks jump, Redis goes away or comes back empty, and the API cuts, fails,
// is slow or commits what it refused a minute later. In the end what the clients were told is held
// against what was committed.
//
// A seed makes a history, so a failure is made again by
//
//	go test ./internal/histories -run TestHistories -seed 4711
//
// which runs it some times, since goroutines are not scheduled by the seed. -histories sets how
// many are tried.
//
// The package has no code of its own and must not get any. What a single package promises is tested
// there.
package histories

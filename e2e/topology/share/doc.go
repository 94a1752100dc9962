// Package share holds the loads that show that nobody takes more than a share: one caller, client
// or request that asks for far too much, against the real binary with a real Redis, and what the
// others, the limits and the memory of the process make of it.
//
// Plain go test runs the loads in small; make share runs them in full and prints the figures that
// they came to. The package has no code of its own and must not get any. What a single package
// promises is tested there; here stands only what needs a process under load.
package share

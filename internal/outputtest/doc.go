// Package outputtest takes what processes and goroutines of a test write while the test reads it.
//
// It is for tests only and must not wait for anything.
package outputtest

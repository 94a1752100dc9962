// Package sessiontest has the suite that every store of sessions must pass, and records in memory
// that fail on demand. It is for tests only.
package sessiontest

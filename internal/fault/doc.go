// Package fault says what an error means to whoever asked, without a protocol's words: each
// protocol has one table from a [Kind] to its answer.
package fault

// Package tokentest is an authorization server for tests: metadata, a JWK set that rotates and
// fails on demand, and tokens of any kind, good ones and forged ones. It signs for whoever asks and
// must not be imported but by tests.
package tokentest

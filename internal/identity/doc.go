// Package identity says who calls: the subject that sessions, limits and credentials are bound to.
//
// It holds the type and its place in a context, nothing else. How a caller proves who they are is
// decided elsewhere.
package identity

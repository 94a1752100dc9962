// Package sessiontest has the suite that every store of sessions must pass. It is for tests only.
package sessiontest

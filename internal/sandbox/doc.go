// Package sandbox is a simulated Clerk Chat: its REST API, in memory, for demos and tests.
package sandbox

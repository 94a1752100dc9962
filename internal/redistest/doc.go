// Package redistest starts real Redis servers for tests, from the machine's redis-server on free
// ports of the loopback interface, and breaks them: killed, stopped in the middle of everything,
// restarted empty.
//
// Where there is no redis-server a test is skipped with the command that provides one; under
// CI=true it fails. The package is for tests only and imports nothing of ours.
package redistest

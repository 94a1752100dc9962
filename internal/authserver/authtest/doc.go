// Package authtest is a person at a browser, for tests that sign in at a gateway: the consent page
// is allowed, Ann or Ben of the sandbox is chosen, a key is entered where one is asked for, and the
// client's redirect is handed back.
//
// The package is for tests only and imports nothing of ours: it reads the pages as a browser would.
package authtest

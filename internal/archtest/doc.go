// Package archtest holds the rules of the tree that a compiler does not check, in both its modules:
// which package may import which, how long a file may be, and what must not stand in one. It has
// tests only.
package archtest

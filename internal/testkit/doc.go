// Package testkit has what tests of several packages need alike. It is for tests only and imports
// nothing of ours.
package testkit

// Package flight has one caller do what several want at the same time (single-flight): the others
// wait for it, each as long as its own context lasts, or go on with a stale copy.
//
// [Group] is for what has a key and is not kept. [Value] is for one thing that is fetched from
// elsewhere, kept, and fetched again when it is old; it goes on with what it has while nothing
// newer can be fetched.
package flight

// Command mutate seeds faults into a package and counts those that its tests notice.
//
//	mutate -dir . -n 300 -seed 1 ./internal/token
//
// The faults: conditions negated, && and || exchanged, bounds moved (< to <=), checks dropped,
// operands and arguments swapped, calls and assignments dropped, fields and results zeroed,
// constants × 4 and ÷ 4.
//
// All faults of the sample are compiled into one test binary (mutant schemata), each behind a
// comparison with the number that the environment names; go's -overlay keeps the tree untouched.
// Every test first runs alone without a fault, which says what faults it reaches; a fault is then
// shown only to the tests that reach it. A fault is noticed if a test fails, or is still running
// after several times what it takes without a fault.
//
// The sample depends on the seed and on what a fault changes, not on its line: it stays nearly the
// same while the package changes. equivalent.txt lists faults that change nothing, with the reason;
// they do not count.
package main

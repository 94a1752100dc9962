// Package once keeps work from being done twice, for all replicas together and whatever dies in between. It implements
// [mcpadapter.Once].
//
// One rule carries everything: from the moment a record says that a work is committed, only the attempt that wrote it may
// ever do it. Everybody else can replay its answer, wait for it, or look for what it left. Whether an owner lives is
// therefore a matter of how long others wait, never of safety; clocks that jump and owners that stall do no harm.
//
// A record goes
//
//	prepared → committed → done | refused | unknown → done
//
// by compare-and-set. Prepared may be taken over, since its owner has to commit by compare-and-set before it does
// anything. What is unknown is looked for among the works of the same likeness: those are done one after another, each
// claims what it made before it gives its place up, and only an unclaimed sighting that can be nobody else's settles it.
//
// A memory that was lost is told from a new one by an epoch, which every attempt asks for when its record is there: whatever
// is lost from then on takes the record along, and the commit fails by itself.
//
// What the store does not take at once is tried again in the background, within bounds. It may never be written: then
// others look for the attempt instead of having its answer. Nothing that is safe rests on it.
//
// The package knows nothing of REST, of messages or of Redis, and must not: what to do and where to look comes with the
// work, and the store is four operations on names.
package once

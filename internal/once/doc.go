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
// anything. What is unknown is looked for among what works of the same likeness have made: each is noted as open before it
// makes anything, claims what it made before it is not open any more, and only an unclaimed sighting that can be nobody
// else's settles it. Open attempts and claims are the whole deployment's, since looking may show one tenant what another
// has made. Those of one tenant are done one after another besides: that is for order, and nothing that is safe rests on it.
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

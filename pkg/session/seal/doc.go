// Package seal is the keyring of the gateway: all keys derive from one or several secrets.
//
// A [Sealer] encrypts and authenticates what leaves the process and comes back; a [MAC] digests
// what must be compared or shown without being known. Both are bound to a purpose: what was sealed
// for one purpose does not open for another. Keys are derived once, when the sealer is made, so
// opening is one AEAD operation.
//
// Secrets rotate: the first one seals, every one opens. Add the new secret as the second one on
// every replica, then make it the first one, and remove the old one when nothing sealed with it is
// needed any more.
//
// The package knows nothing of what is sealed. It must not log, must not keep the secrets
// themselves, and takes all its cryptography from the standard library.
package seal

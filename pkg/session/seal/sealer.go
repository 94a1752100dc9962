package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// ErrOpen says that a value was not sealed by this keyring for this purpose, or was changed since.
// It does not say which.
var ErrOpen = errors.New("seal: does not open")

const (
	// keyIDLength is how many bytes in front of a sealed value tell its key. They derive from the
	// key, so they are the same on every replica and whatever the order of the secrets.
	keyIDLength = 4
	// Overhead is how many bytes a sealed value is longer than its content: key id, nonce and tag.
	Overhead = keyIDLength + 12 + 16
)

// Sealer seals for one purpose with AES-256-GCM and random nonces, good for 2³² values per secret
// (NIST SP 800-38D §8.3). It may be used by many goroutines at once.
type Sealer struct {
	keys []sealKey
}

type sealKey struct {
	id   [keyIDLength]byte
	aead cipher.AEAD
}

// Sealer derives the keys of a purpose. Make it once, at start.
func (k *Keyring) Sealer(purpose string) *Sealer {
	s := &Sealer{keys: make([]sealKey, len(k.extracts))}
	for i, extract := range k.extracts {
		block, err := aes.NewCipher(derive(extract, "seal", purpose, 32))
		if err != nil {
			panic("seal: " + err.Error()) // only for another key length
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			panic("seal: " + err.Error()) // only for another block length
		}
		s.keys[i].aead = aead
		copy(s.keys[i].id[:], derive(extract, "seal id", purpose, keyIDLength))
	}
	return s
}

// Seal encrypts and authenticates plaintext, and authenticates aad, which is not part of the result
// and must be given again to open it. Sealing the same twice gives different values.
func (s *Sealer) Seal(plaintext, aad []byte) []byte {
	key := &s.keys[0]
	sealed := make([]byte, keyIDLength, len(plaintext)+Overhead)
	copy(sealed, key.id[:])
	return key.aead.Seal(sealed, nil, plaintext, aad)
}

// Current tells whether a value that opens was sealed with the first secret, so that it need not be
// sealed again before another one is removed.
func (s *Sealer) Current(sealed []byte) bool {
	return len(sealed) >= Overhead && s.keys[0].id == [keyIDLength]byte(sealed)
}

// Open gives what was sealed, or ErrOpen. A value that names none of our keys costs nothing; any
// other costs one AEAD operation.
func (s *Sealer) Open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	id := [keyIDLength]byte(sealed)
	for i := range s.keys {
		if s.keys[i].id != id {
			continue
		}
		// Two of a handful of secrets share an id once in a billion keyrings: then the next one is
		// tried too.
		if plaintext, err := s.keys[i].aead.Open(nil, nil, sealed[keyIDLength:], aad); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrOpen
}

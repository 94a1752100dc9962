package seal

import (
	"crypto/hmac"
	"crypto/sha256"
)

// MAC digests for one purpose with HMAC-SHA256: equal inputs have equal digests, and nobody without
// the secret can tell an input from its digest by trying. It may be used by many goroutines at
// once.
type MAC struct {
	keys [][]byte
}

// MAC derives the keys of a purpose. Make it once, at start.
func (k *Keyring) MAC(purpose string) *MAC {
	m := &MAC{keys: make([][]byte, len(k.extracts))}
	for i, extract := range k.extracts {
		m.keys[i] = derive(extract, "mac", purpose, sha256.Size)
	}
	return m
}

// Digest gives the 32 bytes digest of data under the first secret.
func (m *MAC) Digest(data []byte) []byte { return digest(m.keys[0], data) }

// Verify tells whether sum is the digest of data under any of the secrets, in constant time for
// each.
func (m *MAC) Verify(data, sum []byte) bool {
	for _, key := range m.keys {
		if hmac.Equal(digest(key, data), sum) {
			return true
		}
	}
	return false
}

func digest(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// Digests gives the digest of data under each of the secrets, that of [MAC.Digest] first: what is
// named by a digest is found under one of them also while the secret is being changed.
func (m *MAC) Digests(data []byte) [][]byte {
	sums := make([][]byte, len(m.keys))
	for i, key := range m.keys {
		sums[i] = digest(key, data)
	}
	return sums
}

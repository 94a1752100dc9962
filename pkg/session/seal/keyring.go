package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// MinSecretLength is the least number of bytes of a secret.
const MinSecretLength = 32

// salt separates our keys from whatever else derives keys from the same secret.
const salt = "mcp-gateway keyring 1"

// Keyring holds what all keys derive from.
type Keyring struct {
	// extracts are HKDF's pseudorandom keys (RFC 5869 §2.2), one for each secret in the order
	// given.
	extracts [][]byte
}

// New makes a keyring of secrets, of which the first seals and every one opens. It reports all that
// is wrong at once and never quotes a secret. The secrets are not kept.
func New(secrets ...[]byte) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("seal: no secret; give at least one of %d random characters", MinSecretLength)
	}
	k := &Keyring{}
	var problems []error
	for i, secret := range secrets {
		if len(secret) < MinSecretLength {
			problems = append(problems, fmt.Errorf("seal: secret %d has %d characters; give at least %d random ones",
				i+1, len(secret), MinSecretLength))
			continue
		}
		extract, err := hkdf.Extract(sha256.New, secret, []byte(salt))
		if err != nil {
			return nil, fmt.Errorf("seal: deriving from secret %d: %w", i+1, err)
		}
		if slices.ContainsFunc(k.extracts, func(other []byte) bool { return slices.Equal(other, extract) }) {
			problems = append(problems, fmt.Errorf("seal: secret %d is the same as an earlier one; remove one of them", i+1))
		}
		k.extracts = append(k.extracts, extract)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return k, nil
}

// derive is HKDF's second step (RFC 5869 §2.3). It fails only for lengths that nobody here asks
// for.
func derive(extract []byte, use, purpose string, length int) []byte {
	key, err := hkdf.Expand(sha256.New, extract, use+"\x00"+purpose, length)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return key
}

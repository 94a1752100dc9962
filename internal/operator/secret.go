package operator

import (
	"crypto/rand"
	"encoding/base64"
)

// NewSecret makes a secret for --secret of 32 random bytes.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

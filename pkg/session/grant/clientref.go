package grant

import (
	"crypto/sha256"
	"encoding/base64"
)

// maxClientRef is the longest client_id that stands for itself.
const maxClientRef = 128

// ClientRef is how records name a client: by its client_id, or by the digest of one that is long.
// The id of a client that registered itself is all that it registered, too much for a cookie and
// for every record. The ref of a ref is the same.
func ClientRef(clientID string) string {
	if len(clientID) <= maxClientRef {
		return clientID
	}
	sum := sha256.Sum256([]byte(clientID))
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// IssuedTo tells whether the grant is that of a client. Grants of before there were refs have the
// whole id.
func (g Grant) IssuedTo(clientID string) bool {
	return g.ClientID == clientID || g.ClientID == ClientRef(clientID)
}

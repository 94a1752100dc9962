package authserver

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

const (
	// maxClientID is the longest client_id of a registered client, which goes into addresses and
	// forms. Where less fits, a client goes by the digest of its id.
	maxClientID = 4096
	maxName     = 64

	registeredFormat = 1
	// registeredKeys is the format for clients with keys, which stand behind the name, and behind
	// the algorithm if it is the only one.
	registeredKeys = 2
)

var encoding = base64.RawURLEncoding.Strict()

// registrar makes the ids of clients that register themselves. The id is the registration:
// redirects, name, method and keys, sealed. So nothing is kept, no flood of registrations fills
// anything, and a lost store forgets no client.
type registrar struct {
	ids     Sealer
	secrets MAC
}

// seal gives a client its id; false if there is too much to put into it.
func (g registrar) seal(c *client) bool {
	b := []byte{registeredFormat, byte(slices.Index(authMethods, c.methods[0])), byte(len(c.name))}
	b = append(b, c.name...)
	texts := c.redirects
	if c.keys != nil {
		b[0] = registeredKeys
		keys, err := c.keys.JSON()
		if err != nil { // public keys only, which were parsed
			return false
		}
		texts = append([]string{c.algorithm, string(keys)}, texts...)
	}
	for _, r := range texts {
		b = binary.AppendUvarint(b, uint64(len(r)))
		b = append(b, r...)
	}
	c.id = encoding.EncodeToString(g.ids.Seal(b, nil))
	return len(c.id) <= maxClientID
}

// open gives the client of an id that was sealed here.
func (g registrar) open(id string) (*client, bool) {
	if id == "" || len(id) > maxClientID {
		return nil, false
	}
	sealed, err := encoding.DecodeString(id)
	if err != nil || encoding.EncodedLen(len(sealed)) != len(id) {
		return nil, false
	}
	b, err := g.ids.Open(sealed, nil)
	if err != nil || len(b) < 3 || b[0] != registeredFormat && b[0] != registeredKeys || int(b[1]) >= len(authMethods) ||
		len(b) < 3+int(b[2]) {
		return nil, false
	}
	c := &client{id: id, methods: authMethods[b[1] : b[1]+1 : b[1]+1], name: string(b[3 : 3+int(b[2])])}
	keyed := b[0] == registeredKeys
	if keyed != (c.methods[0] == methodKey) {
		return nil, false
	}
	for b = b[3+int(b[2]):]; len(b) > 0; {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, false
		}
		c.redirects = append(c.redirects, string(b[n:n+int(size)]))
		b = b[n+int(size):]
	}
	switch {
	case keyed:
		if len(c.redirects) < 2 {
			return nil, false
		}
		c.algorithm = c.redirects[0]
		keys, _, err := token.ParseKeys([]byte(c.redirects[1]), c.algorithms()...)
		if err != nil {
			return nil, false
		}
		c.keys, c.redirects = &keys, c.redirects[2:]
	case c.methods[0] != methodNone:
		c.secret = func(given string) bool {
			sum, err := encoding.DecodeString(given)
			return err == nil && g.secrets.Verify(secretInput(id), sum)
		}
	}
	return c, true
}

// secret is a keyed digest of the id, so it need not be kept either.
func (g registrar) secret(id string) string {
	return encoding.EncodeToString(g.secrets.Digest(secretInput(id)))
}

func secretInput(id string) []byte { return []byte("client secret\x00" + id) }

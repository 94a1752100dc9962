package authserver

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxClientID is the longest client_id of a registered client: clients keep it in places made for short ones.
	maxClientID = 512
	maxName     = 64

	registeredFormat = 1
)

var registeredMethods = []string{methodNone, methodBasic, methodPost}

var encoding = base64.RawURLEncoding.Strict()

// registrar makes the ids of clients that register themselves. The id is the registration: redirects, name and method,
// sealed. So nothing is kept, no flood of registrations fills anything, and a lost store forgets no client.
type registrar struct {
	ids     Sealer
	secrets MAC
}

// seal gives a client its id; false if there is too much to put into it.
func (g registrar) seal(c *client) bool {
	b := []byte{registeredFormat, byte(slices.Index(registeredMethods, c.method)), byte(len(c.name))}
	b = append(b, c.name...)
	for _, r := range c.redirects {
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
	if err != nil || len(b) < 3 || b[0] != registeredFormat || int(b[1]) >= len(registeredMethods) || len(b) < 3+int(b[2]) {
		return nil, false
	}
	c := &client{id: id, method: registeredMethods[b[1]], name: string(b[3 : 3+int(b[2])])}
	for b = b[3+int(b[2]):]; len(b) > 0; {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, false
		}
		c.redirects = append(c.redirects, string(b[n:n+int(size)]))
		b = b[n+int(size):]
	}
	if c.method != methodNone {
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

// legible makes a name that can be shown: what cannot be printed, or turns the direction of what follows, is left out.
func legible(name string) string {
	if len(name) > 4*maxName {
		name = name[:4*maxName]
	}
	name = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, name)), " ")
	if len(name) > maxName {
		cut := maxName
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut]
	}
	return name
}

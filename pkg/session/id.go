package session

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

// The session id is the session, sealed.

const (
	// MaxIDLength is the most bytes of an id; proxies cap headers.
	MaxIDLength = 512

	maxVersion  = 32
	maxClient   = 64
	idFormat    = 1
	keyLength   = 22
	subjectSize = sha256.Size
)

var errID = errors.New("session: not an id")

var encoding = base64.RawURLEncoding.Strict()

// identity is what an id is sealed around.
//
// The subject is there as its SHA-256 rather than itself, so that an id has a length that no
// subject can exceed. Whoever cannot open the id does not see the hash, and whoever opens it asks
// only whether it is the caller's.
type identity struct {
	subject      [subjectSize]byte
	born         time.Time
	capabilities Capabilities
	version      string
	name         string
	release      string
}

func newIdentity(info Info, now time.Time) identity {
	return identity{
		subject:      sha256.Sum256([]byte(info.Subject)),
		born:         time.Unix(now.Unix(), 0).UTC(),
		capabilities: info.Capabilities,
		version:      info.Version,
		name:         sanitize.Line(info.ClientName, maxClient),
		release:      sanitize.Line(info.ClientVersion, maxClient),
	}
}

func (i *identity) belongsTo(subject string) bool {
	sum := sha256.Sum256([]byte(subject))
	return subtle.ConstantTimeCompare(i.subject[:], sum[:]) == 1
}

// session gives the session of an id. The subject is the caller's, which belongsTo has confirmed.
func (i *identity) session(id, subject string) *Session {
	return &Session{
		ID: id, Info: Info{
			Subject: subject, Version: i.version, ClientName: i.name, ClientVersion: i.release, Capabilities: i.capabilities,
		},
		Born: i.born, LastUsed: i.born, key: KeyOf(id),
	}
}

// seal gives the id. At its longest it has 1+32+5+5+33+65+65 bytes, which are 318 characters when
// sealed.
func (i *identity) seal(s Sealer) string {
	b := make([]byte, 0, 256)
	b = append(b, idFormat)
	b = append(b, i.subject[:]...)
	b = binary.AppendUvarint(b, uint64(max(0, i.born.Unix())))
	b = binary.AppendUvarint(b, uint64(i.capabilities))
	for _, s := range []string{i.version, i.name, i.release} {
		b = appendText(b, s)
	}
	return encoding.EncodeToString(s.Seal(b, nil))
}

// openID is the reverse of seal. One id has one spelling: the decoder's leniency (it skips line
// breaks) must not give an ended session a second key.
func openID(s Sealer, id string) (*identity, error) {
	if id == "" || len(id) > MaxIDLength {
		return nil, errID
	}
	sealed, err := encoding.DecodeString(id)
	if err != nil || encoding.EncodedLen(len(sealed)) != len(id) {
		return nil, errID
	}
	b, err := s.Open(sealed, nil)
	if err != nil {
		return nil, errID
	}
	r := reader{b: b}
	var i identity
	if r.byte() != idFormat {
		return nil, errID
	}
	copy(i.subject[:], r.bytes(subjectSize))
	i.born = time.Unix(int64(r.uvarint(1<<40)), 0).UTC()
	i.capabilities = Capabilities(r.uvarint(1<<32 - 1))
	i.version, i.name, i.release = r.text(), r.text(), r.text()
	if !r.done() {
		return nil, errID
	}
	return &i, nil
}

// KeyOf gives the name under which operators and the store know the session of an id: 128 bits of
// its SHA-256, as 22 letters, digits, "-" and "_".
func KeyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

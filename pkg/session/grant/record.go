package grant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// How the store keeps a grant, and how codes and refresh tokens name one.

// The first two bytes of a grant's record are its format and its state; both keep their place in
// every format to come, so that during an update no replica mistakes a revoked grant. The rest is
// sealed, bound to those two and to the grant's id.
const (
	grantFormat = 1

	grantAsked   = 1 // a code was sent and not redeemed yet
	grantLives   = 2 // redeemed: there is a family of refresh tokens
	grantRevoked = 3 // a mark without content
)

const (
	grantIDSize  = 16
	codeSize     = 32
	grantPurpose = "grant"
)

var encoding = base64.RawURLEncoding.Strict()

// markLife is how long it is remembered that a grant was revoked. It outlives every access token,
// which lives a day at most, on clocks that are apart. It is not a setting, since the tokens that
// are about were issued under an earlier one.
const markLife = 25 * time.Hour

// What the keyed digests in codes and refresh tokens are made for.
const (
	codeUse    = "code\x00"
	refreshUse = "refresh\x00"
)

// grantRecord is what the store keeps of a grant.
type grantRecord struct {
	Grant   Grant    `json:"grant"`
	Code    [32]byte `json:"code"` // SHA-256
	Binding Binding  `json:"binding"`
	Until   int64    `json:"until,omitempty"` // of the code
	// Unanswered says that the code was redeemed and its answer not sent yet, as far as the store
	// knows. The same client may then redeem it again: it was told that this failed.
	Unanswered bool `json:"unanswered,omitempty"`
	// Generation is the number of the refresh token that is good, Turned when it became so, by the
	// store's clock.
	Generation uint32 `json:"n,omitempty"`
	Turned     int64  `json:"turned,omitempty"`
}

// stored is a record as it was found.
type stored struct {
	grantRecord
	state byte
	raw   []byte
}

func grantAAD(id string, state byte) []byte {
	return append([]byte{grantFormat, state}, grantPurpose+"\x00"+id...)
}

func (g *Grants) encode(r *grantRecord, state byte) ([]byte, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append([]byte{grantFormat, state}, g.opts.Sealer.Seal(data, grantAAD(r.Grant.ID, state))...), nil
}

// get reads a grant, and notes for later what it is. Its errors are ErrNoGrant, ErrRevoked and
// ErrUnavailable, which may be ErrUnreadable too. What this process knows to be revoked is,
// whatever the store says or does not: it may have lost that, and ids are never used again.
func (g *Grants) get(ctx context.Context, id string) (*stored, error) {
	if g.opts.Cache.isRevoked(id) {
		return nil, ErrRevoked
	}
	s, err := g.read(ctx, id)
	switch {
	case err == nil:
		g.opts.Cache.stands(id, g.opts.Now())
	case errors.Is(err, ErrRevoked):
		g.opts.Cache.revoke(id)
	case errors.Is(err, ErrNoGrant):
		g.opts.Cache.forget(id)
	}
	return s, err
}

func (g *Grants) read(ctx context.Context, id string) (*stored, error) {
	raw, found, err := g.opts.Records.Get(ctx, id)
	switch {
	case err != nil:
		return nil, unavailable(err)
	case !found || len(raw) == 0:
		return nil, ErrNoGrant
	case isRevoked(raw):
		return nil, ErrRevoked
	}
	s, ok := g.decode(id, raw)
	switch {
	case !ok:
		return nil, unavailable(ErrUnreadable)
	case g.ttl(s.Grant) <= 0:
		return nil, ErrNoGrant
	}
	return s, nil
}

// isRevoked tells the mark of a revoked grant, of any format.
func isRevoked(raw []byte) bool { return len(raw) >= 2 && raw[1] == grantRevoked }

// decode opens a record that is not a mark. ok is false if it is of another format, or sealed with
// a secret that is not ours.
func (g *Grants) decode(id string, raw []byte) (s *stored, ok bool) {
	if len(raw) < 2 || raw[0] != grantFormat || raw[1] != grantAsked && raw[1] != grantLives {
		return nil, false
	}
	s = &stored{state: raw[1], raw: raw}
	data, err := g.opts.Sealer.Open(raw[2:], grantAAD(id, raw[1]))
	if err != nil || json.Unmarshal(data, &s.grantRecord) != nil {
		return nil, false
	}
	s.Grant.ID = id
	return s, true
}

// Lookup gives a grant that stands. Its errors are ErrNoGrant, ErrRevoked and ErrUnavailable, the
// last as an [*UnconfirmedError], which says when the grant was last seen to stand, or as
// ErrUnreadable.
func (g *Grants) Lookup(ctx context.Context, id string) (Grant, error) {
	if !IsID(id) {
		return Grant{}, ErrNoGrant
	}
	s, err := g.get(ctx, id)
	switch {
	case errors.Is(err, session.ErrUnavailable) && !errors.Is(err, ErrUnreadable):
		return Grant{}, &UnconfirmedError{LastSeen: g.opts.Cache.lastSeen(id), cause: err}
	case err != nil:
		return Grant{}, err
	}
	return s.Grant, nil
}

// Revoke ends a grant on all replicas: its code, its refresh tokens, and where grants are looked up
// its access tokens. Whatever the store knows of it makes no difference. The only error is
// ErrUnavailable.
func (g *Grants) Revoke(ctx context.Context, id string) error {
	if !IsID(id) {
		return nil
	}
	_, err := g.revoke(ctx, id)
	return err
}

// revoke tells whether the grant had not been revoked before.
func (g *Grants) revoke(ctx context.Context, id string) (ended bool, err error) {
	old, found, err := g.opts.Records.GetSet(ctx, id, []byte{grantFormat, grantRevoked}, markLife)
	if err != nil {
		return false, unavailable(err)
	}
	g.opts.Cache.revoke(id)
	// What is left of it disappears by itself; this only makes it sooner.
	_ = g.upstream.forget(ctx, id)
	return !found || !isRevoked(old), nil
}

// IsID tells whether a text is the whole id that a grant may have.
func IsID(id string) bool {
	raw, err := encoding.DecodeString(id)
	return err == nil && len(raw) == grantIDSize && len(id) == encoding.EncodedLen(grantIDSize)
}

// Begin stores a grant that waits for its code to be redeemed, with what belongs to the provider
// behind it, and gives the code. The grant's ID and Born are set here. Its errors are
// ErrUnavailable and those of wrong content.
func (g *Grants) Begin(ctx context.Context, grant Grant, b Binding, upstream []byte) (code string, err error) {
	raw := make([]byte, grantIDSize+codeSize)
	_, _ = rand.Read(raw) // never fails
	id, secret := raw[:grantIDSize], raw[grantIDSize:]
	grant.ID, grant.Born = encoding.EncodeToString(id), g.opts.Now().UTC().Truncate(time.Second)
	now, _, err := g.clock(ctx, grant.ID)
	if err != nil {
		return "", err
	}
	rec := &grantRecord{Grant: grant, Code: sha256.Sum256(secret), Binding: b, Until: now.Add(g.opts.CodeLife).Unix()}
	value, err := g.encode(rec, grantAsked)
	if err != nil {
		return "", err
	}
	// The record outlives the code, so that a code that comes too late is told from one that never
	// was.
	life := 2 * g.opts.CodeLife
	if upstream != nil {
		if err := g.upstream.begin(ctx, grant.ID, upstream, life); err != nil {
			return "", err
		}
	}
	added, err := g.opts.Records.SetNX(ctx, grant.ID, value, life)
	if err != nil {
		return "", unavailable(err)
	}
	if !added {
		return "", ErrNoGrant // two equal random ids
	}
	return g.sign(codeUse, raw), nil
}

// sign appends a keyed digest, so that what is ours is told from junk without the store.
func (g *Grants) sign(use string, content []byte) string {
	return encoding.EncodeToString(append(content, g.opts.Signer.Digest(append([]byte(use), content...))...))
}

// open gives the content of what was signed for a use, if it has the size; ok is false for all
// else.
func (g *Grants) open(use string, size int, signed string) (content []byte, ok bool) {
	if len(signed) != encoding.EncodedLen(size+sha256.Size) {
		return nil, false
	}
	raw, err := encoding.DecodeString(signed)
	if err != nil || len(raw) != size+sha256.Size || !g.opts.Signer.Verify(append([]byte(use), raw[:size]...), raw[size:]) {
		return nil, false
	}
	return raw[:size], true
}

// openCode takes a code apart that is one of ours.
func (g *Grants) openCode(code string) (id string, secret []byte, ok bool) {
	raw, ok := g.open(codeUse, grantIDSize+codeSize, code)
	if !ok {
		return "", nil, false
	}
	return encoding.EncodeToString(raw[:grantIDSize]), raw[grantIDSize:], true
}

// OfCode gives the id of the grant that a code of ours belongs to, whether or not that stands. It
// does not ask the store.
func (g *Grants) OfCode(code string) (id string, ok bool) {
	id, _, ok = g.openCode(code)
	return id, ok
}

// refreshToken is the n-th token of a grant's family: the id, n, and a keyed digest of both. Every
// replica makes the same.
func (g *Grants) refreshToken(id string, n uint32) string {
	raw, _ := encoding.DecodeString(id) // made here
	return g.sign(refreshUse, binary.BigEndian.AppendUint32(raw, n))
}

// openRefresh says which token of which family it is, if it is one of ours.
func (g *Grants) openRefresh(token string) (id string, n uint32, ok bool) {
	raw, ok := g.open(refreshUse, grantIDSize+4, token)
	if !ok {
		return "", 0, false
	}
	return encoding.EncodeToString(raw[:grantIDSize]), binary.BigEndian.Uint32(raw[grantIDSize:]), true
}

// OfRefreshToken gives the id of the grant that a refresh token of ours belongs to, whether or not
// that stands. It does not ask the store.
func (g *Grants) OfRefreshToken(token string) (id string, ok bool) {
	id, _, ok = g.openRefresh(token)
	return id, ok
}

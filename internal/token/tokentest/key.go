package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Ed25519 is EdDSA with that curve under its own name (RFC 9864 §2.2).
const Ed25519 jose.SignatureAlgorithm = "Ed25519"

// Key is a key pair with its algorithm and id.
type Key struct {
	ID        string
	Algorithm jose.SignatureAlgorithm
	Private   crypto.Signer
}

// NewKey makes a key pair for an algorithm.
func NewKey(t testing.TB, algorithm jose.SignatureAlgorithm, id string) Key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES512:
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jose.EdDSA, Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = borrowRSA(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Key{ID: id, Algorithm: algorithm, Private: private}
}

// idle are RSA keys that no test has: making one takes a tenth of a second and more.
var (
	idleMu sync.Mutex
	idle   []*rsa.PrivateKey
)

// borrowRSA gives a key that no other test has until this one ends.
func borrowRSA(t testing.TB) (*rsa.PrivateKey, error) {
	idleMu.Lock()
	defer idleMu.Unlock()
	var k *rsa.PrivateKey
	if n := len(idle); n > 0 {
		k, idle = idle[n-1], idle[:n-1]
	} else {
		var err error
		if k, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
	}
	t.Cleanup(func() {
		idleMu.Lock()
		defer idleMu.Unlock()
		idle = append(idle, k)
	})
	return k, nil
}

// Public is the key as it stands in a JWK set. Its algorithm is left out, as many issuers do.
func (k Key) Public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Use: "sig"}
}

// Member is the key as a member of a JWK set, with members changed; a nil value takes one out.
func (k Key) Member(t testing.TB, changes map[string]any) map[string]any {
	t.Helper()
	data, err := k.Public().MarshalJSON()
	members := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return members
}

// HeaderOption changes the header of a token.
type HeaderOption func(*jose.SignerOptions, *jose.JSONWebKey)

// WithHeader sets a member of the header.
func WithHeader(name string, value any) HeaderOption {
	return func(o *jose.SignerOptions, _ *jose.JSONWebKey) { o.WithHeader(jose.HeaderKey(name), value) }
}

// WithKeyID signs under another key id; "" for none.
func WithKeyID(id string) HeaderOption {
	return func(_ *jose.SignerOptions, k *jose.JSONWebKey) { k.KeyID = id }
}

// Sign signs claims as an access token of type at+jwt.
func (k Key) Sign(t testing.TB, claims map[string]any, options ...HeaderOption) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return k.SignPayload(t, payload, options...)
}

// SignPayload signs any bytes as an access token of type at+jwt.
func (k Key) SignPayload(t testing.TB, payload []byte, options ...HeaderOption) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("at+jwt")
	jwk := jose.JSONWebKey{Key: k.Private, KeyID: k.ID}
	for _, o := range options {
		o(opts, &jwk)
	}
	if private, ok := k.Private.(ed25519.PrivateKey); ok && k.Algorithm == Ed25519 { // which go-jose does not know
		header, err := json.Marshal(map[string]any{"alg": Ed25519, "kid": k.ID, "typ": "at+jwt"})
		if err != nil {
			t.Fatal(err)
		}
		input, _ := strings.CutSuffix(Forge(string(header), string(payload), nil), ".")
		return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(input)))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Algorithm, Key: jwk}, opts)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Forge puts together a token of a header, a payload and a signature that nobody checked.
func Forge(header, payload string, signature []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode(signature)
}

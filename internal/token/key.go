package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// minRSABits is the shortest RSA key (RFC 7518 §3.3).
const minRSABits = 2048

var errNoKeys = errors.New("the JWK set has no key to verify signatures with")

// key is a public key of the issuer.
type key struct {
	id        string
	algorithm string // "" for any that fits the kind of key
	public    any
}

// fits reports whether a key may verify signatures of an algorithm: its kind, its curve and its own word must agree, so
// that no key is ever used for what it was not made for (RFC 8725 §3.1).
func (k key) fits(a jose.SignatureAlgorithm) bool {
	if k.algorithm != "" && k.algorithm != string(a) {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return slices.Contains([]jose.SignatureAlgorithm{
			jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		}, a)
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return a == jose.ES256
		case elliptic.P384():
			return a == jose.ES384
		case elliptic.P521():
			return a == jose.ES512
		}
	case ed25519.PublicKey:
		return a == jose.EdDSA
	}
	return false
}

// parseKeys reads a JWK set (RFC 7517 §5). Keys of unknown kinds, for other uses, too short, secret or broken are left
// out; a set without any other is an error, since no issuer means to say that none of its tokens is good.
func parseKeys(data []byte) ([]key, error) {
	keys, _, err := parseKeySet(data)
	return keys, err
}

// parseKeySet is parseKeys, and says how many keys the set has with those that were left out.
func parseKeySet(data []byte) (keys []key, all int, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, 0, errors.New("the JWK set is not valid JSON")
	}
	for _, raw := range set.Keys {
		var jwk jose.JSONWebKey
		if json.Unmarshal(raw, &jwk) != nil || !jwk.IsPublic() || (jwk.Use != "" && jwk.Use != "sig") {
			continue
		}
		if public, ok := jwk.Key.(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
			continue
		}
		keys = append(keys, key{id: jwk.KeyID, algorithm: jwk.Algorithm, public: jwk.Key})
	}
	if len(keys) == 0 {
		return nil, len(set.Keys), errNoKeys
	}
	return keys, len(set.Keys), nil
}

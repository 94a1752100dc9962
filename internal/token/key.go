package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	stdjson "encoding/json"
	"errors"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/netx"
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
	issuers   []string // all must fit the issuer of a token that it signed, see issuerFits
}

// fits reports whether a key may verify signatures of an algorithm: its kind, its curve and its own
// word must agree, so that no key is ever used for what it was not made for (RFC 8725 §3.1).
func (k key) fits(a jose.SignatureAlgorithm) bool {
	if k.algorithm != "" && generic(jose.SignatureAlgorithm(k.algorithm)) != generic(a) {
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
		return generic(a) == jose.EdDSA
	}
	return false
}

// ed25519Algorithm is EdDSA with the one curve that is supported, under its own name (RFC 9864
// §2.2).
const ed25519Algorithm jose.SignatureAlgorithm = "Ed25519"

// generic gives one name to an algorithm that has two.
func generic(a jose.SignatureAlgorithm) jose.SignatureAlgorithm {
	if a == ed25519Algorithm {
		return jose.EdDSA
	}
	return a
}

// issuedFor reports whether a key may sign tokens of an issuer. tenant is the token's own, see
// [issuerFits].
func (k key) issuedFor(issuer, tenant string) bool {
	return !slices.ContainsFunc(k.issuers, func(pattern string) bool { return !issuerFits(pattern, issuer, tenant) })
}

// unusableKey is a key of a set that verifies nothing here.
type unusableKey struct {
	id string
	// unreadable says that nobody can tell whether a signature is this key's. Other keys are left
	// out because they must not verify signatures.
	unreadable bool
	why        string
}

// parseKeys reads a JWK set (RFC 7517 §5). Keys of unknown kinds, for other uses, too short, secret
// or broken are set apart; a set without any other is an error, since no issuer means to say that
// none of its tokens is good.
func parseKeys(data []byte) (Keys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(netx.TrimBOM(data), &set); err != nil {
		return Keys{}, errors.New("the JWK set is not valid JSON")
	}
	var keys Keys
	for _, raw := range set.Keys {
		if k, unusable := parseKey(raw); unusable != nil {
			keys.unusable = append(keys.unusable, *unusable)
		} else {
			keys.keys = append(keys.keys, k)
		}
	}
	if len(keys.keys) == 0 {
		return keys, errNoKeys
	}
	return keys, nil
}

// certificateMembers of a key are about certificates (RFC 7517 §4.6 to §4.9), which nobody looks at
// here. Some providers fill them with what is none, which is not a reason to lose the key.
func certificateMembers() []string { return []string{"x5c", "x5t", "x5t#S256", "x5u"} }

// parseKey reads one key of a set.
func parseKey(raw json.RawMessage) (key, *unusableKey) {
	var members map[string]stdjson.RawMessage // which marshals to itself, as go-jose's does not
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return key{}, &unusableKey{unreadable: true, why: "is not a JSON object"}
	}
	id, _ := text(json.RawMessage(members["kid"]))
	for _, name := range certificateMembers() {
		delete(members, name)
	}
	var issuers []string
	if own := members["issuer"]; len(own) > 0 && string(own) != "null" { // of Entra ID
		issuer, ok := text(json.RawMessage(own))
		if !ok {
			return key{}, &unusableKey{id: id, unreadable: true, why: "names its issuer in a form that cannot be read"}
		}
		issuers = []string{issuer}
	}
	data, err := stdjson.Marshal(members)
	var jwk jose.JSONWebKey
	if err == nil {
		err = json.Unmarshal(data, &jwk)
	}
	public, isRSA := jwk.Key.(*rsa.PublicKey)
	switch {
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		return key{}, &unusableKey{id: id, unreadable: true, why: "is of a kind that is not supported"}
	case err != nil:
		return key{}, &unusableKey{id: id, unreadable: true, why: "cannot be read"}
	case !jwk.IsPublic():
		return key{}, &unusableKey{id: id, why: "is not a public key"}
	case jwk.Use != "" && jwk.Use != "sig":
		return key{}, &unusableKey{id: id, why: "is not for signatures"}
	case isRSA && public.N.BitLen() < minRSABits:
		return key{}, &unusableKey{id: id, why: "is shorter than 2048 bits"}
	}
	return key{id: jwk.KeyID, algorithm: jwk.Algorithm, public: jwk.Key, issuers: issuers}, nil
}

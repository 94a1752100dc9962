package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const (
	// MaxLength is the longest token in bytes that is looked at: as much as a request's header may
	// have. Providers that write everybody's groups into tokens fill a good part of it.
	MaxLength = 64 << 10
	// maxNesting is how deep the JSON of a token may be. Reading it costs a stack frame for each
	// level.
	maxNesting = 32
)

// signed is a token that has the form of a signed one. Nothing in it is verified.
type signed struct {
	raw       string
	algorithm jose.SignatureAlgorithm
	typ       string // in lower case and without "application/"; "" for none
	keyID     string
	payload   []byte
	signature []byte
	// issuer and tenant are what the token says, where its keys belong to issuers.
	issuer, tenant string
}

// The types that an access token may say it is (RFC 9068 §2.1, RFC 7519 §5.1), in lower case and
// without "application/". Other types belong to tokens with other purposes and the same signer (RFC
// 8725 §3.11). The first is that of a client's assertion (draft-ietf-oauth-rfc7523bis §3).
const (
	typeAssertion   = "client-authentication+jwt"
	typeAccessToken = "at+jwt"
	typeJWT         = "jwt"
	typeNone        = ""
)

// parse reads the form of a token: three parts in strict base64url (RFC 7515 §7.1), a header
// without surprises, and an algorithm and a type of the lists; without types any will do. Of the
// header it takes the algorithm and the key id; a key or the address of one that a token brings
// along is not looked at (RFC 8725 §3.10).
func parse(raw string, limit int, algorithms []jose.SignatureAlgorithm, types ...string) (*signed, error) {
	// The standard library's decoder skips line breaks; without them, and in strict mode, a token
	// has one spelling.
	if len(raw) > limit || strings.ContainsAny(raw, "\r\n") {
		return nil, invalid(ReasonMalformed)
	}
	parts := strings.SplitN(raw, ".", 4) // five parts are an encrypted token (RFC 7516 §7.1)
	if len(parts) != 3 {
		return nil, invalid(ReasonMalformed)
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil || len(part) == 0 {
			return nil, invalid(ReasonMalformed)
		}
	}
	var header struct {
		Algorithm string          `json:"alg"`
		KeyID     string          `json:"kid"`
		Type      string          `json:"typ"`
		Critical  json.RawMessage `json:"crit"`
		Base64    json.RawMessage `json:"b64"`
	}
	// This decoder refuses duplicate names and takes them as they are spelled (RFC 7515 §4).
	if decoded[0][0] != '{' || nestsDeeper(decoded[0], maxNesting) || json.Unmarshal(decoded[0], &header) != nil {
		return nil, invalid(ReasonMalformed)
	}
	// RFC 7515 §4.1.11: who does not understand a critical extension refuses; we know none, not
	// even b64 (RFC 7797).
	if header.Critical != nil || header.Base64 != nil {
		return nil, invalid(ReasonCritical)
	}
	algorithm := jose.SignatureAlgorithm(header.Algorithm)
	if !slices.Contains(algorithms, algorithm) {
		return nil, invalid(reasonForAlgorithm(header.Algorithm))
	}
	typ := strings.ToLower(header.Type)
	if name := strings.TrimPrefix(typ, "application/"); name != "" {
		typ = name
	}
	if len(types) > 0 && !slices.Contains(types, typ) {
		return nil, invalid(ReasonType)
	}
	return &signed{
		raw: raw, algorithm: algorithm, typ: typ, keyID: header.KeyID, payload: decoded[1], signature: decoded[2],
	}, nil
}

// reasonForAlgorithm says why an algorithm is not allowed.
func reasonForAlgorithm(name string) Reason {
	switch {
	case strings.EqualFold(name, "none"):
		return ReasonUnsigned
	case slices.Contains([]jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}, jose.SignatureAlgorithm(name)):
		return ReasonSymmetric
	}
	return ReasonAlgorithm
}

// nestsDeeper reports whether JSON has more levels of objects and arrays than limit. Of what is not
// JSON it may say anything.
func nestsDeeper(data []byte, limit int) bool {
	depth, inText := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// verifiedBy reports whether the signature is that of a key.
func (s *signed) verifiedBy(k key) bool {
	if !k.fits(s.algorithm) {
		return false
	}
	if public, ok := k.public.(ed25519.PublicKey); ok && s.algorithm == ed25519Algorithm {
		input := s.raw[:strings.LastIndexByte(s.raw, '.')] // go-jose knows EdDSA alone
		return ed25519.Verify(public, []byte(input), s.signature)
	}
	jws, err := jose.ParseSignedCompact(s.raw, []jose.SignatureAlgorithm{s.algorithm})
	if err != nil {
		return false
	}
	_, err = jws.Verify(k.public)
	return err == nil
}

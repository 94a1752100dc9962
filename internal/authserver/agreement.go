package authserver

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

// keyMetadata is what client metadata says of how the client proves itself, beside
// token_endpoint_auth_method (RFC 7591 §2, OpenID Connect Registration §2). The first is in
// documents only: what a client can do, where the other is what it will.
type keyMetadata struct {
	Methods   []string        `json:"token_endpoint_auth_methods_supported"`
	Algorithm string          `json:"token_endpoint_auth_signing_alg"`
	JWKS      json.RawMessage `json:"jwks"`
	JWKSURI   string          `json:"jwks_uri"`
}

const textKeys = "public RSA keys of at least 2048 bits, P-256 or Ed25519 keys"

// setAlgorithm gives a client the only algorithm that it signs with, if it has one, or says what is
// wrong.
func (m keyMetadata) setAlgorithm(c *client) (problem string) {
	if m.Algorithm != "" && !slices.Contains(token.AssertionAlgorithms(), m.Algorithm) {
		return "token_endpoint_auth_signing_alg must be RS256, ES256 or EdDSA"
	}
	c.algorithm = m.Algorithm
	return ""
}

// setKeys gives a client the keys of a JWK set, of which those that cannot be used are skipped, or
// says what is wrong.
func (m keyMetadata) setKeys(c *client) (skipped int, problem string) {
	if problem = m.setAlgorithm(c); problem != "" {
		return 0, problem
	}
	keys, skipped, err := token.ParseKeys(m.JWKS, c.algorithms()...)
	if err != nil {
		return skipped, "jwks must be a JWK set with " + textKeys + ", for token_endpoint_auth_signing_alg if that is given"
	}
	c.keys = &keys
	return skipped, ""
}

func (m keyMetadata) hasKeys() bool { return len(m.JWKS) > 0 && string(m.JWKS) != "null" }

// agree gives the client of a metadata document the methods that it has in common with us. A
// document says what a client can do, so what we do not take of it is left out, until nothing is
// left. There are no secrets that both could know.
func (a registration) agree(c *client) *Error {
	offered := a.Methods
	if len(offered) == 0 {
		offered = []string{cmp.Or(a.Method, methodNone)}
	}
	if slices.Contains(offered, methodNone) {
		c.methods = append(c.methods, methodNone)
	}
	problem := "it offers none of the methods that this server takes of such a client, which are none and private_key_jwt"
	if slices.Contains(offered, methodKey) {
		if problem = a.publishedKeys(c); problem == "" {
			c.methods = append(c.methods, methodKey)
		}
	}
	if len(c.methods) == 0 {
		return fail(invalidClient, "the client metadata document does not say how the client can authenticate here: "+problem)
	}
	return nil
}

// publishedKeys sets where the keys of a document are, or says what is wrong with them.
func (a registration) publishedKeys(c *client) (problem string) {
	if !a.hasKeys() && a.JWKSURI == "" {
		return "there is private_key_jwt and neither jwks nor jwks_uri"
	}
	if a.hasKeys() {
		_, problem = a.setKeys(c)
		return problem
	}
	if problem = a.setAlgorithm(c); problem != "" {
		return problem
	}
	if problem = checkKeysURL(c.id, a.JWKSURI); problem == "" {
		c.keysURL = a.JWKSURI
	}
	return problem
}

// register gives a client that registers itself the method that it asks for.
func (a registration) register(c *client) *Error {
	if a.Method == "" {
		a.Method = methodBasic // RFC 7591 §2
	}
	if !slices.Contains(authMethods, a.Method) {
		return fail(invalidClientMetadata, "token_endpoint_auth_method must be none, client_secret_basic, client_secret_post or private_key_jwt")
	}
	c.methods = []string{a.Method}
	if a.Method != methodKey {
		return nil
	}
	if !a.hasKeys() { // nothing is kept of a registration, so nothing could be fetched for it in bounds
		return fail(invalidClientMetadata, "private_key_jwt needs the keys themselves in jwks; jwks_uri is taken of metadata documents only")
	}
	if _, problem := a.setKeys(c); problem != "" {
		return fail(invalidClientMetadata, problem)
	}
	return nil
}

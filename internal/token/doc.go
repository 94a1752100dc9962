// Package token verifies access tokens, and issues the gateway's own.
//
// [External] verifies those of the organisation's own authorization server: signed JWTs (RFC 9068,
// RFC 7519), checked by issuer, key, time and audience. Its keys come from the issuer's JWK set,
// found by RFC 8414 or OpenID Connect discovery when first needed, cached, and fetched again when
// the issuer rotates them. [External.Verify] judges a token for the URL at which it was presented.
//
// [Local] issues the gateway's own and verifies them with keys that derive from its secret, without
// asking anybody. That the grant behind a token still stands is asked elsewhere.
//
// [ParseAssertion] reads what a client proves its identity with (RFC 7523 §2.2), and [Keys] or a
// [KeySet] that is fetched verify its signature.
//
// An error says whose fault it is. An [InvalidError] is the token's: the client needs another one.
// A [DeniedError] means that the token is valid but its owner is not admitted. An
// [UnavailableError] is the issuer's: the token may be good, nobody can tell, and whoever answers
// 401 to it makes clients throw it away.
//
// The package knows nothing of HTTP requests, challenges or what a scope allows. It must not log,
// must not repeat any part of a token in an error, and must not follow what an unverified token
// points to (jku, x5u, jwk, x5c).
package token

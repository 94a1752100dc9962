package clerkapi

import (
	"log/slog"
	"net/http"
	"strings"
	"unique"
)

// Credential says for whom a request is made. It belongs to one call or one user and is never kept
// by a [Client] that others use. It prints as "[redacted]".
//
// The zero value is not a credential; a call with it fails with [ErrNoCredential] before anything
// is sent.
type Credential struct {
	scheme scheme
	// A handle, since fmt prints a string in the unexported field of somebody's struct without
	// asking String.
	value unique.Handle[string]
}

type scheme uint8

const (
	schemeNone scheme = iota
	schemeAPIKey
	schemeBearer
)

const redacted = "[redacted]"

// APIKey is the documented scheme: the key travels in the header apiKey and fixes the team.
func APIKey(key string) Credential { return credential(schemeAPIKey, key) }

// Bearer sends an access token in the Authorization header.
func Bearer(token string) Credential { return credential(schemeBearer, token) }

func credential(s scheme, value string) Credential {
	if value == "" {
		return Credential{}
	}
	return Credential{scheme: s, value: unique.Make(value)}
}

// IsZero reports whether there is no credential.
func (c Credential) IsZero() bool { return c.scheme == schemeNone }

// String redacts.
func (Credential) String() string { return redacted }

// GoString redacts.
func (Credential) GoString() string { return redacted }

// LogValue redacts.
func (Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts.
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Digest is what digest, which should be keyed, makes of the credential: it tells which are the
// same without telling what they are.
func (c Credential) Digest(digest func([]byte) []byte) []byte {
	if c.IsZero() {
		return digest(nil)
	}
	return digest(append([]byte{byte(c.scheme)}, c.value.Value()...))
}

func (c Credential) apply(h http.Header) {
	switch c.scheme {
	case schemeAPIKey:
		h.Set("apiKey", c.value.Value())
	case schemeBearer:
		h.Set("Authorization", "Bearer "+c.value.Value())
	case schemeNone:
	}
}

// refused is why a request is not even tried.
type refused struct {
	reason  error
	message string
}

// check says what is wrong with a credential without repeating any of it.
func (c Credential) check() *refused {
	switch {
	case c.IsZero():
		return &refused{ErrNoCredential, "make the call on Client.As(credential)"}
	case strings.ContainsFunc(c.value.Value(), func(r rune) bool { return r <= ' ' || r > '~' }):
		return &refused{ErrInvalid, "the credential has a space, a line break or another character that cannot be in one"}
	}
	return nil
}

// redact takes the credential out of a foreign text.
func (c Credential) redact(s string) string {
	if c.IsZero() {
		return s
	}
	return strings.ReplaceAll(s, c.value.Value(), redacted)
}

package clerkapi

import (
	"log/slog"
	"net/http"
)

// Credential says for whom a request is made. It belongs to one call or one user and is never kept by a [Client] that
// others use. It prints as "[redacted]".
//
// The zero value is no credential; a call with it fails with [ErrNoCredential] before anything is sent.
type Credential struct {
	scheme scheme
	value  string
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
	return Credential{scheme: s, value: value}
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

func (c Credential) apply(h http.Header) {
	switch c.scheme {
	case schemeAPIKey:
		h.Set("apiKey", c.value)
	case schemeBearer:
		h.Set("Authorization", "Bearer "+c.value)
	case schemeNone:
	}
}

package netx

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// OpenIDMetadata is where an OpenID Connect provider publishes its metadata, below its issuer
// (OpenID Connect Discovery §4).
const OpenIDMetadata = "/.well-known/openid-configuration"

// Metadata is what an authorization server says of itself (RFC 8414 §2, OpenID Connect Discovery
// §3).
type Metadata struct {
	Issuer      string   `json:"issuer"`
	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	KeysURL     string   `json:"jwks_uri"`
	UserInfoURL string   `json:"userinfo_endpoint"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	Scopes      []string `json:"scopes_supported"`
	SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
}

// MetadataError says why there is no metadata of an issuer at an address.
type MetadataError struct {
	// Address is where it was looked for.
	Address string
	// Err is why the request failed, nil if it was answered with Status.
	Err    error
	Status int
	// NotJSON says that the answer is something else; otherwise it is the metadata of Issuer, who
	// was not expected.
	NotJSON bool
	Issuer  string
}

func (e *MetadataError) Error() string {
	at := "the metadata at " + ShownURL(e.Address)
	switch {
	case e.Err != nil:
		return at + ": " + Cause(e.Err)
	case e.Status != http.StatusOK:
		return fmt.Sprintf("%s answered %d", at, e.Status)
	case e.NotJSON:
		return at + " is not valid JSON"
	}
	return at + " is of another issuer than expected; they must be the same to the letter, and it says " + ShownIssuer(e.Issuer)
}

func (e *MetadataError) Unwrap() error { return e.Err }

// MetadataURLs are where an issuer's metadata may be. With a path, RFC 8414 §3.1 puts the
// well-known name before it and OpenID Connect Discovery §4 behind it. There are none of what is
// not a URL.
func MetadataURLs(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	return []string{origin + "/.well-known/oauth-authorization-server" + path, origin + path + OpenIDMetadata}
}

// ReadMetadata gets the metadata at an address, which must be of one of some issuers (RFC 8414
// §3.3, OpenID Connect Discovery §4.3). Its only error is a [*MetadataError].
func ReadMetadata(ctx context.Context, client *http.Client, address string, issuers ...string) (*Metadata, error) {
	got, err := Get(ctx, client, address)
	if err != nil {
		return nil, &MetadataError{Address: address, Err: err}
	}
	if got.Status != http.StatusOK {
		return nil, &MetadataError{Address: address, Status: got.Status}
	}
	var m Metadata
	if DecodeJSON(got.Body, &m) != nil {
		return nil, &MetadataError{Address: address, Status: got.Status, NotJSON: true}
	}
	if !slices.Contains(issuers, m.Issuer) {
		return nil, &MetadataError{Address: address, Status: got.Status, Issuer: m.Issuer}
	}
	return &m, nil
}

// Discover finds an issuer's metadata at the first address of [MetadataURLs] that has it, and where
// fit has nothing to say against it. Else there are the errors of all addresses in their order.
func Discover(
	ctx context.Context, client *http.Client, issuer string, issuers []string, fit func(address string, m *Metadata) error,
) (m *Metadata, problems []error) {
	for _, address := range MetadataURLs(issuer) {
		m, err := ReadMetadata(ctx, client, address, issuers...)
		if err == nil {
			err = fit(address, m)
		}
		if err == nil {
			return m, nil
		}
		problems = append(problems, err)
	}
	return nil, problems
}

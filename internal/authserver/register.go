package authserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

// Dynamic client registration (RFC 7591).

// maxRegistration is the largest registration in bytes that is read.
const maxRegistration = 16 << 10

// registration is what of RFC 7591 §2 counts here. Other members are ignored, as §2 says.
type registration struct {
	RedirectURIs  []string `json:"redirect_uris"`
	Name          string   `json:"client_name"`
	Method        string   `json:"token_endpoint_auth_method"`
	GrantTypes    []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
	keyMetadata
}

// registered is RFC 7591 §3.2.1.
type registrationAnswer struct {
	ClientID      string   `json:"client_id"`
	IssuedAt      int64    `json:"client_id_issued_at"`
	Secret        string   `json:"client_secret,omitempty"`
	SecretExpires *int64   `json:"client_secret_expires_at,omitempty"` // 0 for never, required with a secret
	RedirectURIs  []string `json:"redirect_uris"`
	Name          string   `json:"client_name,omitempty"`
	Method        string   `json:"token_endpoint_auth_method"`
	GrantTypes    []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`

	JWKS      json.RawMessage `json:"jwks,omitempty"`
	Algorithm string          `json:"token_endpoint_auth_signing_alg,omitempty"`
}

// register is the registration endpoint (RFC 7591 §3), open to everybody.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	var asked registration
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	if err != nil || json.Unmarshal(body, &asked) != nil {
		refuse(w, fail(invalidClientMetadata, "the body must be a JSON object of at most 16 KiB with redirect_uris"))
		return
	}
	c, e := asked.client(s.clients.list.schemes)
	if e != nil {
		refuse(w, e)
		return
	}
	if e := asked.register(c); e != nil {
		refuse(w, e)
		return
	}
	if !s.clients.registered.seal(c) {
		refuse(w, fail(invalidClientMetadata, "the redirect URIs and keys are too long together; register fewer or shorter ones"))
		return
	}
	out := registrationAnswer{
		ClientID: c.id, IssuedAt: s.opts.Now().Unix(), RedirectURIs: c.redirects, Name: c.name, Method: c.methods[0],
		GrantTypes: []string{grantCode, grantRefresh}, ResponseTypes: []string{"code"},
	}
	switch {
	case c.keys != nil:
		if out.JWKS, err = c.keys.JSON(); err != nil { // public keys only, which were parsed
			refuse(w, &Error{kind: serverError, cause: err})
			return
		}
		out.Algorithm = c.algorithm
	case c.methods[0] != methodNone:
		out.Secret, out.SecretExpires = s.clients.registered.secret(c.id), new(int64)
	}
	answer(w, http.StatusCreated, out)
}

// noRedirects is read by people: an app that was not made to sign in again shows it in place of
// what it lacks.
const noRedirects = "redirect_uris is empty: the app does not say where to send people back to. If you see this in an app, sign in to this " +
	"server there again and allow what it asks for (in Gemini CLI with /mcp auth and the name of the server); if you make the app, " +
	"register at least one redirect URI"

// client checks what a registration and a document have in common. schemes are those that the
// operator allows in redirects beside the known ones.
func (a registration) client(schemes []string) (*client, *Error) {
	switch {
	case len(a.RedirectURIs) == 0:
		return nil, fail(invalidRedirectURI, noRedirects)
	case len(a.GrantTypes) > 0 && !slices.Contains(a.GrantTypes, grantCode):
		return nil, fail(invalidClientMetadata, "grant_types must have authorization_code")
	case len(a.ResponseTypes) > 0 && !slices.Contains(a.ResponseTypes, "code"):
		return nil, fail(invalidClientMetadata, "response_types must have code")
	}
	for i, r := range a.RedirectURIs {
		if problem := checkRedirect(r, schemes); problem != "" {
			return nil, fail(invalidRedirectURI, fmt.Sprintf("redirect %d of %d: %s", i+1, len(a.RedirectURIs), problem))
		}
	}
	return &client{name: sanitize.Line(a.Name, maxName), redirects: a.RedirectURIs}, nil
}

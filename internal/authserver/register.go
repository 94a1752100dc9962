package authserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// maxRegistration is the largest registration in bytes that is read.
const maxRegistration = 16 << 10

// registration is what of RFC 7591 §2 counts here. Other members are ignored, as §2 says.
type registration struct {
	RedirectURIs  []string `json:"redirect_uris"`
	Name          string   `json:"client_name"`
	Method        string   `json:"token_endpoint_auth_method"`
	GrantTypes    []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
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
	if !s.clients.registered.seal(c) {
		refuse(w, fail(invalidClientMetadata, "the redirect URIs are too long together; register fewer or shorter ones"))
		return
	}
	out := registrationAnswer{
		ClientID: c.id, IssuedAt: s.opts.Now().Unix(), RedirectURIs: c.redirects, Name: c.name, Method: c.method,
		GrantTypes: []string{grantCode, grantRefresh}, ResponseTypes: []string{"code"},
	}
	if c.method != methodNone {
		out.Secret, out.SecretExpires = s.clients.registered.secret(c.id), new(int64)
	}
	answer(w, http.StatusCreated, out)
}

// client checks a registration. schemes are those that the operator allows in redirects beside the known ones.
func (a registration) client(schemes []string) (*client, *Error) {
	if a.Method == "" {
		a.Method = methodBasic // RFC 7591 §2
	}
	switch {
	case !slices.Contains(registeredMethods, a.Method):
		return nil, fail(invalidClientMetadata, "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post")
	case len(a.RedirectURIs) == 0:
		return nil, fail(invalidRedirectURI, "redirect_uris must have at least one entry")
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
	return &client{name: legible(a.Name), redirects: a.RedirectURIs, method: a.Method}, nil
}

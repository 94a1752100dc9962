package authserver

import (
	"encoding/json"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

// offlineAccess is the scope with which clients ask for refresh tokens (OpenID Connect Core §11).
// All get one; some ask only where it is listed.
const offlineAccess = "offline_access"

// metadata is RFC 8414 §2, with the names of RFC 9207 §3 and of Client ID Metadata Documents §5.
// The same document is at OpenID Connect's well-known path, since some clients look nowhere else.
func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	scopes := make([]string, 0, len(s.opts.Scopes)+1)
	for _, scope := range s.opts.Scopes {
		scopes = append(scopes, scope.Name)
	}
	algorithms := token.AssertionAlgorithms()
	document := map[string]any{
		"issuer":                                     s.issuer,
		"authorization_endpoint":                     s.issuer + AuthorizePath,
		"token_endpoint":                             s.issuer + TokenPath,
		"registration_endpoint":                      s.issuer + RegisterPath,
		"revocation_endpoint":                        s.issuer + RevokePath,
		"jwks_uri":                                   s.issuer + KeysPath,
		"scopes_supported":                           append(scopes, offlineAccess),
		"response_types_supported":                   []string{"code"},
		"response_modes_supported":                   []string{"query"},
		"grant_types_supported":                      s.grantTypes(),
		"token_endpoint_auth_methods_supported":      authMethods,
		"revocation_endpoint_auth_methods_supported": authMethods,

		"token_endpoint_auth_signing_alg_values_supported":      algorithms,
		"revocation_endpoint_auth_signing_alg_values_supported": algorithms,

		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"client_id_metadata_document_supported":          s.opts.Documents.Mode != DocumentsOff,
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"EdDSA"},
		"service_documentation":                          s.issuer + "/",
	}
	if s.opts.IdentityAssertions != nil {
		document["authorization_grant_profiles_supported"] = []string{profileIdentity}
	}
	data, err := json.Marshal(document)
	publish(w, data, err)
}

// grantTypes are those that some client may use.
func (s *Server) grantTypes() []string {
	types := []string{grantCode, grantRefresh}
	if s.opts.Clients.SoftwareID() != "" {
		types = append(types, grantClient)
	}
	if s.takesAssertions() {
		types = append(types, grantBearer)
	}
	return types
}

// keys is the JWK set (RFC 7517 §5).
func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	publish(w, s.opts.Tokens.KeySet(), nil)
}

func publish(w http.ResponseWriter, data []byte, err error) {
	if err != nil { // strings only
		refuse(w, &Error{kind: serverError})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(data)
}

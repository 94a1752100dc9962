package provider

import "net/http"

// discovery is the provider's description of itself (OpenID Connect Discovery §3, RFC 8414 §2).
type discovery struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	Userinfo              string   `json:"userinfo_endpoint"`
	Keys                  string   `json:"jwks_uri"`
	Revocation            string   `json:"revocation_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	Claims                []string `json:"claims_supported"`
	IssuerInAnswer        bool     `json:"authorization_response_iss_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
}

func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	issuer := p.issuer(r)
	scopes := []string{"openid", "profile", "email", scopeOffline}
	p.mu.Lock()
	if p.state.settings.OfflineAccess == offlineUnknown {
		scopes = scopes[:3]
	}
	p.mu.Unlock()
	methods := []string{"client_secret_basic", "client_secret_post", "none"}
	writeJSON(w, http.StatusOK, discovery{
		Issuer:        issuer,
		Authorization: issuer + "/authorize", Token: issuer + "/token", Userinfo: issuer + "/userinfo",
		Keys: issuer + "/jwks", Revocation: issuer + "/revoke",
		Scopes:            scopes,
		ResponseTypes:     []string{"code"},
		ResponseModes:     []string{"query"},
		GrantTypes:        []string{grantCode, grantRefresh, grantExchange},
		SubjectTypes:      []string{"public"},
		IDTokenAlgorithms: []string{"RS256", "ES256"},
		TokenAuthMethods:  methods, RevocationAuthMethods: methods,
		ChallengeMethods: []string{"S256"},
		Prompts:          []string{"none", "login", "consent", "select_account"},
		Claims: []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "email",
			"email_verified", "team", "groups", "hd"},
		IssuerInAnswer: true,
	})
}

package tokentest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// The types of tokens of a token exchange (RFC 8693 §3) for an identity assertion, and the type in
// the header of that.
const (
	TypeIDToken       = "urn:ietf:params:oauth:token-type:id_token"
	TypeIDJAG         = "urn:ietf:params:oauth:token-type:id-jag"
	TypeIDJAGHeader   = "oauth-id-jag+jwt"
	exchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenPath         = "/token"
)

// Company is a company's identity provider: it gives ID tokens to MCP clients, and identity
// assertions for these by token exchange (draft-ietf-oauth-identity-assertion-authz-grant §4.3).
type Company struct {
	*Issuer

	t  testing.TB
	mu sync.Mutex
	// clients are those of its clients that may have identity assertions, by what they are called
	// elsewhere.
	clients map[string]string
	people  map[string]map[string]any
	given   int
}

// NewCompany starts a company's identity provider; it stops with the test.
func NewCompany(t testing.TB) *Company {
	t.Helper()
	c := &Company{Issuer: NewIssuer(t), t: t, clients: map[string]string{}, people: map[string]map[string]any{}}
	for _, path := range []string{MetadataPath, OpenIDPath} {
		c.SetMetadata(path, map[string]any{
			"issuer": c.URL, "jwks_uri": c.URL + KeysPath, "token_endpoint": c.URL + tokenPath, "authorization_endpoint": c.URL + "/authorize",
			"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
			"grant_types_supported":   []string{"authorization_code", exchangeGrantType},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{string(jose.ES256)},
		})
	}
	c.Handle(tokenPath, http.HandlerFunc(c.exchange))
	return c
}

// Trust lets one of its clients act at a server where it is called otherwise.
func (c *Company) Trust(client, there string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients[client] = there
}

// Hire lets it know somebody, with claims.
func (c *Company) Hire(sub string, claims map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people[sub] = claims
}

// Given is how many identity assertions it gave.
func (c *Company) Given() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given
}

// IDToken is what a client gets when somebody signs in with it.
func (c *Company) IDToken(sub, client string) string {
	c.t.Helper()
	now := time.Now()
	return c.Sign(map[string]any{
		"iss": c.URL, "sub": sub, "aud": client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": "n",
	}, WithHeader("typ", "JWT"))
}

// Assertion is an identity assertion about somebody for one of its clients, with claims changed:
// nil takes one out.
func (c *Company) Assertion(sub, client, audience string, changes map[string]any) string {
	c.t.Helper()
	c.mu.Lock()
	c.given++
	now := time.Now()
	claims := map[string]any{
		"iss": c.URL, "sub": sub, "aud": audience, "client_id": c.clients[client], "jti": fmt.Sprintf("%s-%d", client, c.given),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, c.people[sub])
	c.mu.Unlock()
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return c.Sign(claims, WithHeader("typ", TypeIDJAGHeader))
}

// exchange is the token endpoint.
func (c *Company) exchange(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
	}
	client := r.FormValue("client_id")
	if id, _, ok := r.BasicAuth(); ok {
		client = id
	}
	c.mu.Lock()
	_, trusted := c.clients[client]
	c.mu.Unlock()
	sub, known := c.signedIn(r.FormValue("subject_token"), client)
	switch {
	case !trusted:
		refuse("unauthorized_client")
		return
	case r.FormValue("grant_type") != exchangeGrantType, r.FormValue("requested_token_type") != TypeIDJAG,
		r.FormValue("subject_token_type") != TypeIDToken, r.FormValue("audience") == "":
		refuse("invalid_request")
		return
	case !known:
		refuse("invalid_grant")
		return
	}
	changes := map[string]any{}
	for _, name := range []string{"resource", "scope"} {
		if value := r.FormValue(name); value != "" {
			changes[name] = value
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issued_token_type": TypeIDJAG, "token_type": "N_A", "expires_in": 300, "scope": r.FormValue("scope"),
		"access_token": c.Assertion(sub, client, r.FormValue("audience"), changes),
	})
}

// signedIn says whom an ID token for a client is about; ok is false if it is not one of ours.
func (c *Company) signedIn(raw, client string) (sub string, ok bool) {
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", false
	}
	key := c.Key().Public()
	var claims jwt.Claims
	if parsed.Claims(key.Key, &claims) != nil || !claims.Audience.Contains(client) {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok = c.people[claims.Subject]
	return claims.Subject, ok
}

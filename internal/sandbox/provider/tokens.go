package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	idTokenLife = 5 * time.Minute
	refreshLife = 24 * time.Hour

	accessKind jose.ContentType = "at+jwt" // RFC 9068 §2.1
	idKind     jose.ContentType = "JWT"
)

// grant is one sign-in with all that came of it.
type grant struct {
	person   person
	client   string
	scope    []string
	resource string
	signedIn time.Time
	ended    bool
}

type refreshToken struct {
	grant   *grant
	expires time.Time
	used    bool
}

// accessToken is what the provider knows of an access token.
type accessToken struct {
	grant     *grant
	client    string // who it was issued to
	expires   time.Time
	api       bool // good at REST
	exchanged bool
	userinfo  bool // good at userinfo
}

// tokens is the answer of the token endpoint (RFC 6749 §5.1).
type tokens struct {
	Access     string `json:"access_token"`
	IssuedType string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1
	Type       string `json:"token_type"`
	ExpiresIn  int    `json:"expires_in"`
	Refresh    string `json:"refresh_token,omitempty"`
	ID         string `json:"id_token,omitempty"`
	Scope      string `json:"scope,omitempty"`
}

// issue makes the tokens of a sign-in or of its refresh. Its caller holds the lock.
func (p *Provider) issue(r *http.Request, g *grant, nonce string, withRefresh bool) (tokens, *failure) {
	audience, here := []string{g.resource}, g.resource == ""
	if here {
		audience = []string{p.issuer(r), p.options.BaseURL(r)}
	}
	t, f := p.issueAccess(r, audience, accessToken{
		grant: g, client: g.client, api: here || strings.TrimSuffix(g.resource, "/") == p.options.BaseURL(r), userinfo: here,
	})
	if f != nil {
		return tokens{}, f
	}
	now, set := p.options.Now(), p.state.settings
	half := sha256.Sum256([]byte(t.Access))
	claims := map[string]any{
		"iss": p.issuer(r), "aud": g.client, "iat": set.skewed(now), "exp": set.skewed(now.Add(idTokenLife)),
		"auth_time": set.skewed(g.signedIn),
		"at_hash":   base64.RawURLEncoding.EncodeToString(half[:len(half)/2]), // OpenID Connect Core §3.1.3.6
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	maps.Copy(claims, p.claimsOf(g.person, g.scope))
	var err error
	if t.ID, err = p.sign(idKind, claims); err != nil {
		return tokens{}, new(serverError())
	}
	if withRefresh && slices.Contains(g.scope, scopeOffline) { // OpenID Connect Core §11
		t.Refresh = rand.Text()
		p.state.refresh[t.Refresh] = &refreshToken{grant: g, expires: now.Add(refreshLife)}
	}
	return t, nil
}

// issueAccess makes an access token (RFC 9068 §2.2). Its caller holds the lock.
func (p *Provider) issueAccess(r *http.Request, audience []string, t accessToken) (tokens, *failure) {
	now, set, id := p.options.Now(), p.state.settings, rand.Text()
	t.expires = now.Add(set.accessLife())
	scope := strings.Join(t.grant.scope, " ")
	raw, err := p.sign(accessKind, map[string]any{
		"iss": p.issuer(r), "sub": t.grant.person.subject, "aud": audience, "client_id": t.client, "jti": id, "scope": scope,
		"iat": set.skewed(now), "exp": set.skewed(t.expires), "auth_time": set.skewed(t.grant.signedIn),
		"team": t.grant.person.team, "groups": t.grant.person.groups, "hd": t.grant.person.domain,
		"email": t.grant.person.email, "email_verified": true,
	})
	if err != nil {
		return tokens{}, new(serverError())
	}
	p.state.access[id] = &t
	return tokens{Access: raw, Type: "Bearer", ExpiresIn: set.AccessTokenSeconds, Scope: scope}, nil
}

// lookup finds an access token that is good now. Its caller holds the lock.
func (p *Provider) lookup(raw string) (*accessToken, bool) {
	id, ok := p.open(raw, accessKind)
	t := p.state.access[id]
	if !ok || t == nil || t.grant.ended || !p.options.Now().Before(t.expires) {
		return nil, false
	}
	return t, true
}

// ErrToken is the error for an access token that is not good at REST: unknown, expired, revoked or
// for somebody else.
var ErrToken = errors.New("the access token is not good here")

// Team names the team of the person whose access token was sent to REST.
func (p *Provider) Team(accessToken string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.lookup(accessToken)
	if !ok || !t.api || p.state.settings.ExchangeOnly && !t.exchanged {
		return "", ErrToken
	}
	return t.grant.person.team, nil
}

// Bearer reads an access token from the Authorization header (RFC 6750 §2.1), or gives "".
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

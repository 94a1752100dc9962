package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
)

// The grants of the token endpoint.
const (
	grantCode     = "authorization_code"
	grantRefresh  = "refresh_token"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
)

// token serves the token endpoint (RFC 6749 §3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	f := readForm(w, r)
	if f != nil {
		writeError(w, *f)
		return
	}
	c, f := p.identify(r)
	if f != nil {
		writeError(w, *f)
		return
	}
	var redeem func(*http.Request, client) (tokens, *failure)
	kind := r.PostForm.Get("grant_type")
	switch kind {
	case grantCode:
		redeem = p.redeemCode
	case grantRefresh:
		redeem = p.redeemRefresh
	case grantExchange:
		redeem = p.exchange
	case "":
		writeError(w, *invalidRequest("grant_type is missing"))
		return
	default:
		writeError(w, failure{http.StatusBadRequest, "unsupported_grant_type",
			"grant_type must be " + grantCode + ", " + grantRefresh + " or " + grantExchange})
		return
	}
	p.mu.Lock()
	p.sweep()
	answer, f := redeem(r, c)
	if f == nil {
		p.state.redeemed[kind]++
	}
	p.mu.Unlock()
	if f != nil {
		writeError(w, *f)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// verifierForm is that of a code verifier (RFC 7636 §4.1).
var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// redeemCode gives tokens for a code (RFC 6749 §4.1.3). Its caller holds the lock, as do those of
// the other grants.
func (p *Provider) redeemCode(r *http.Request, c client) (tokens, *failure) {
	const refused = "the code is unknown, expired or used, or belongs to another client, redirect_uri or code_verifier"
	found, ok := p.state.codes[r.PostForm.Get("code")]
	if !ok || found.grant.client != c.id {
		return tokens{}, invalidGrant(refused)
	}
	if found.used {
		found.grant.ended = true // RFC 6749 §4.1.2: what was issued for a code that comes twice is revoked
		return tokens{}, invalidGrant(refused)
	}
	found.used = true
	verifier := r.PostForm.Get("code_verifier")
	digest := sha256.Sum256([]byte(verifier))
	if found.grant.ended || !p.options.Now().Before(found.expires) || r.PostForm.Get("redirect_uri") != found.redirect ||
		!verifierForm.MatchString(verifier) || !same(base64.RawURLEncoding.EncodeToString(digest[:]), found.challenge) {
		return tokens{}, invalidGrant(refused)
	}
	return p.issue(r, found.grant, found.nonce, true)
}

// redeemRefresh gives new tokens for a refresh token (RFC 6749 §6). One that was rotated away ends
// its grant (RFC 9700 §4.14.2).
func (p *Provider) redeemRefresh(r *http.Request, c client) (tokens, *failure) {
	const refused = "the refresh token is unknown, expired, revoked or used, or belongs to another client"
	found, ok := p.state.refresh[r.PostForm.Get("refresh_token")]
	if !ok || found.grant.client != c.id {
		return tokens{}, invalidGrant(refused)
	}
	if found.used {
		found.grant.ended = true
		return tokens{}, invalidGrant(refused)
	}
	found.used = p.state.settings.RefreshRotation
	return p.issue(r, found.grant, "", found.used)
}

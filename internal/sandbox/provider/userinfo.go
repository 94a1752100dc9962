package provider

import "net/http"

// userinfo says who a token stands for (OpenID Connect Core §5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	t, ok := p.lookup(Bearer(r))
	var claims map[string]any
	if ok && t.userinfo {
		claims = p.claimsOf(t.grant.person, t.grant.scope)
	}
	p.mu.Unlock()
	if claims == nil {
		refuseToken(w)
		return
	}
	writeJSON(w, http.StatusOK, claims)
}

// revoke ends a token (RFC 7009 §2): an access token alone, a refresh token with its whole sign-in.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
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
	raw := r.PostForm.Get("token")
	if raw == "" {
		writeError(w, *invalidRequest("token is missing"))
		return
	}
	p.mu.Lock()
	own := p.end(raw, c)
	p.mu.Unlock()
	if !own {
		writeError(w, *invalidGrant("the token belongs to another client"))
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// end reports whether the client may end the token; nobody's token is anybody's (RFC 7009 §2.2).
// Its caller holds the lock.
func (p *Provider) end(raw string, c client) bool {
	if t, ok := p.state.refresh[raw]; ok {
		if t.grant.client != c.id {
			return false
		}
		t.grant.ended = true
		return true
	}
	if t, ok := p.lookup(raw); ok {
		if t.client != c.id {
			return false
		}
		t.expires = p.options.Now()
	}
	return true
}

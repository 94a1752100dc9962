package provider

import (
	"net/http"
	"slices"
	"strings"
)

// Types of tokens (RFC 8693 §3).
const (
	typeAccess = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT    = "urn:ietf:params:oauth:token-type:jwt"
)

// exchange gives a token that is good at REST, and only there, for an access token of ours (RFC
// 8693 §2). The new one acts for the same person and ends with the same sign-in. Its caller holds
// the lock.
func (p *Provider) exchange(r *http.Request, c client) (tokens, *failure) {
	api := p.options.BaseURL(r)
	if c.secret == "" {
		return tokens{}, &failure{http.StatusBadRequest, "unauthorized_client", "only a client with a secret may exchange"}
	}
	types := []string{typeAccess, typeJWT}
	switch q := r.PostForm; {
	case q.Get("subject_token") == "":
		return tokens{}, invalidRequest("subject_token is missing")
	case !slices.Contains(types, q.Get("subject_token_type")):
		return tokens{}, invalidRequest("subject_token_type must be " + typeAccess)
	case q.Get("requested_token_type") != "" && !slices.Contains(types, q.Get("requested_token_type")):
		return tokens{}, invalidRequest("requested_token_type must be " + typeAccess)
	case q.Has("actor_token") || q.Has("actor_token_type"):
		return tokens{}, invalidRequest("actor tokens are not supported")
	}
	for _, name := range []string{"audience", "resource"} {
		if v := r.PostForm.Get(name); v != "" && strings.TrimSuffix(v, "/") != api {
			return tokens{}, &failure{http.StatusBadRequest, "invalid_target", name + " must be " + api} // RFC 8693 §2.2.2
		}
	}
	subject, ok := p.lookup(r.PostForm.Get("subject_token"))
	if !ok {
		return tokens{}, invalidRequest("the subject_token is unknown, expired or revoked") // RFC 8693 §2.2.2
	}
	t, f := p.issueAccess(r, []string{api}, accessToken{grant: subject.grant, client: c.id, api: true, exchanged: true})
	t.IssuedType = typeAccess
	return t, f
}

package authserver

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

const (
	// maxState is the longest state that the browser can carry to the provider and back.
	maxState = 1024
	// maxEcho is the longest state that an error is told with: the client must know what it is
	// about (RFC 6749 §4.1.2.1).
	maxEcho    = 8192
	promptNone = "none"
)

// single takes parameters of which each may be there once (RFC 6749 §3.1, §3.2). An empty one is an
// absent one.
func single(v url.Values, names ...string) (map[string]string, *Error) {
	out := make(map[string]string, len(names))
	for _, name := range names {
		if len(v[name]) > 1 {
			return nil, fail(invalidRequest, "the parameter "+name+" is there more than once")
		}
		if value := v.Get(name); value != "" {
			out[name] = value
		}
	}
	return out, nil
}

// request is an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2).
type request struct {
	grant.AuthRequest
	prompt []string
}

// parseRequest checks all of a request that can be told to the client by redirect. On an error the
// part of the request that is needed for that is given all the same.
func (s *Server) parseRequest(c *client, redirect string, q url.Values) (*request, *Error) {
	r := &request{AuthRequest: grant.AuthRequest{
		ClientID: c.id, ClientName: c.name, RedirectURI: redirect, AuthMethods: c.methods,
	}}
	if state := q["state"]; len(state) == 1 && len(state[0]) <= maxEcho { // some clients send none
		r.State = &state[0]
	}
	p, e := single(q, "response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "code_challenge",
		"code_challenge_method", "prompt", "request", "request_uri")
	switch {
	case e != nil:
		return r, e
	case len(p["state"]) > maxState:
		return r, fail(invalidRequest, "state is longer than 1024 characters; keep what it stands for in the client and send a short name of it")
	case p["request"] != "" || p["request_uri"] != "":
		return r, fail(requestNotSupported, "send the parameters themselves instead of request or request_uri")
	case p["response_type"] == "":
		return r, fail(invalidRequest, "response_type is missing; it must be code")
	case p["response_type"] != "code": // OAuth 2.1 §10.1: no implicit grant
		return r, fail(unsupportedResponse, "response_type must be code")
	case p["response_mode"] != "" && p["response_mode"] != "query":
		return r, fail(invalidRequest, "response_mode must be query")
	case p["code_challenge"] == "": // OAuth 2.1 §7.5.2; RFC 7636 §4.4.1
		return r, fail(invalidRequest, "code_challenge is missing; PKCE is required").because(web.ReasonPKCE)
	case p["code_challenge_method"] != "S256": // RFC 7636 §4.3: absent means plain, which shows the verifier
		return r, fail(invalidRequest, "code_challenge_method must be S256").because(web.ReasonPKCE)
	case !isChallenge(p["code_challenge"]):
		return r, fail(invalidRequest, "code_challenge must be the base64url of a SHA-256, 43 characters").because(web.ReasonPKCE)
	}
	r.Challenge = p["code_challenge"]
	r.prompt = strings.Fields(p["prompt"])
	if slices.Contains(r.prompt, promptNone) { // OpenID Connect Core §3.1.2.1: the browser must be shown something here
		return r, fail(interactionRequired, "prompt=none cannot be served; people must be asked")
	}
	resources := resourcesOf(q)
	unnamed := len(resources) == 0
	if unnamed && s.opts.DefaultResource != "" {
		resources = []string{s.opts.DefaultResource}
	}
	r.Resource = strings.Join(resources, " ")
	known, ok := s.scopesOf(resources)
	if !ok {
		return r, fail(invalidTarget, "resource must be the URL of an MCP endpoint of this server")
	}
	if r.Asked = s.askedScopes(p["scope"], c.permitted(known)); len(r.Asked) == 0 {
		return r, fail(invalidScope, "none of the scopes is known here; see scopes_supported")
	}
	r.Scopes = r.Asked
	if unnamed && len(s.ownScopes(p["scope"])) == 0 {
		r.Scopes = s.readingScopes(r.Asked)
	}
	if !s.fitsPending(&r.AuthRequest) {
		return r, fail(invalidRequest, "redirect_uri, state and resource are too long together; send a shorter state")
	}
	return r, nil
}

func isChallenge(s string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(sum) == 32 && len(s) == 43
}

// resourcesOf are the resources that a request names (RFC 8707 §2: there may be several), each
// once. They are URLs, so a space is in none of them, and a grant keeps them with spaces between.
func resourcesOf(q url.Values) []string {
	var all []string
	for _, r := range q["resource"] {
		if r != "" && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// scopesOf are the scopes that some resources know together; false if one of them is not ours, or
// there is none.
func (s *Server) scopesOf(resources []string) (known []string, ok bool) {
	for _, r := range resources {
		scopes, ours := s.opts.Resources(r)
		if !ours || strings.ContainsRune(r, ' ') {
			return nil, false
		}
		known = append(known, scopes...)
	}
	return known, len(resources) > 0
}

// ownScopes are those of a scope parameter that are ours. Many clients ask every server for openid,
// email and the like.
func (s *Server) ownScopes(scope string) []string {
	return slices.DeleteFunc(strings.Fields(scope), func(v string) bool {
		return !slices.ContainsFunc(s.opts.Scopes, func(ours Scope) bool { return ours.Name == v })
	})
}

// readingScopes are those of some scopes that change and send nothing.
func (s *Server) readingScopes(some []string) []string {
	return slices.DeleteFunc(slices.Clone(some), func(v string) bool {
		return slices.ContainsFunc(s.opts.Scopes, func(ours Scope) bool { return ours.Name == v && ours.Writes })
	})
}

// askedScopes are those of a request that the resource knows, in our order. Others are ignored,
// which the answer says (RFC 6749 §3.3); without any scope of ours, all that the resource knows are
// meant.
func (s *Server) askedScopes(scope string, known []string) []string {
	asked := s.ownScopes(scope)
	var out []string
	for _, ours := range s.opts.Scopes {
		if slices.Contains(known, ours.Name) && (len(asked) == 0 || slices.Contains(asked, ours.Name)) {
			out = append(out, ours.Name)
		}
	}
	return out
}

// answerURL is where a client gets its answer: its redirect with parameters added (RFC 6749
// §4.1.2), with the state if it sent one, and always with who answers (RFC 9207 §2).
func (s *Server) answerURL(x *grant.AuthRequest, params ...string) string {
	u, err := url.Parse(x.RedirectURI)
	if err != nil { // checked when the client registered
		return x.RedirectURI
	}
	add := url.Values{"iss": {s.issuer}}
	for i := 0; i+1 < len(params); i += 2 {
		add.Set(params[i], params[i+1])
	}
	if x.State != nil {
		add.Set("state", *x.State)
	}
	if u.RawQuery != "" { // RFC 6749 §3.1.2: what is there stays as it is
		u.RawQuery += "&"
	}
	u.RawQuery += add.Encode()
	return u.String()
}

func (s *Server) errorURL(x *grant.AuthRequest, e *Error) string {
	return s.answerURL(x, "error", e.kind.code, "error_description", e.text())
}

package provider

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// codeLife is how long a code is good.
const codeLife = time.Minute

// code is an authorization code that was handed out.
type code struct {
	grant     *grant
	redirect  string
	challenge string
	nonce     string
	expires   time.Time
	used      bool
}

// authorization is a request for a sign-in that came from a client that may ask (RFC 6749 §4.1.1).
type authorization struct {
	client    client
	redirect  string
	state     string
	nonce     string
	challenge string
	scope     []string
	resource  string
	prompt    []string
	hint      string
}

// authorize asks who signs in, or knows already.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	a, ok := p.readAuthorization(w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	auto := p.state.settings.AutoApprove
	p.mu.Unlock()
	if auto != "" {
		p.approve(w, r, a, auto)
		return
	}
	if slices.Contains(a.prompt, "none") { // OpenID Connect Core §3.1.2.1
		p.approve(w, r, a, a.hint)
		return
	}
	p.ask(w, a)
}

// choose takes what was chosen on the page. Its links carry the whole request, which is checked
// again.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	a, ok := p.readAuthorization(w, r)
	if !ok {
		return
	}
	if r.PathValue("choice") == "deny" {
		p.refuse(w, r, a, "access_denied", "the person denied the sign-in")
		return
	}
	p.approve(w, r, a, r.PathValue("choice"))
}

// readAuthorization reads and checks the request. Whoever cannot be trusted with an answer gets a
// page (RFC 6749 §4.1.2.1); everything else that is wrong goes back to the client.
func (p *Provider) readAuthorization(w http.ResponseWriter, r *http.Request) (authorization, bool) {
	var f *failure
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		f = readForm(w, r)
		q = r.PostForm
	} else if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		f = invalidRequest("the query could not be read")
	} else {
		f = once(q)
	}
	if f != nil {
		p.explain(w, f.description)
		return authorization{}, false
	}
	p.mu.Lock()
	allowed, offline := p.state.settings.RedirectURIs, p.state.settings.OfflineAccess
	p.mu.Unlock()
	c, known := p.clients[q.Get("client_id")]
	switch {
	case !known:
		p.explain(w, "the client_id is unknown; there are "+ClientID+" and "+PublicClientID)
		return authorization{}, false
	case !mayRedirect(q.Get("redirect_uri"), allowed):
		p.explain(w, "the redirect_uri is missing or not registered; http URLs of this machine are, and those that the "+
			"setting redirect_uris names")
		return authorization{}, false
	}
	a := authorization{
		client: c, redirect: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), scope: supported(strings.Fields(q.Get("scope"))), resource: q.Get("resource"),
		prompt: strings.Fields(q.Get("prompt")), hint: q.Get("login_hint"),
	}
	code, description := a.fault(q)
	if code == "" && slices.Contains(a.scope, scopeOffline) {
		switch offline {
		case offlineRefused:
			code, description = "invalid_scope", "offline_access is set to be refused"
		case offlineUnknown:
			a.scope = slices.DeleteFunc(a.scope, func(s string) bool { return s == scopeOffline })
		}
	}
	if code != "" {
		p.refuse(w, r, a, code, description)
		return authorization{}, false
	}
	return a, true
}

// scopeOffline asks for a refresh token (OpenID Connect Core §11).
const scopeOffline = "offline_access"

// supported leaves out the scopes that mean nothing here (OpenID Connect Core §3.1.2.1).
func supported(asked []string) []string {
	return slices.DeleteFunc([]string{"openid", "profile", "email", scopeOffline}, func(s string) bool {
		return !slices.Contains(asked, s)
	})
}

// challengeForm is what S256 makes of a verifier (RFC 7636 §4.2).
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// fault is what is wrong with a request, if anything.
func (a authorization) fault(q url.Values) (code, description string) {
	switch {
	case q.Has("request"):
		return "request_not_supported", "request objects are not supported" // OpenID Connect Core §3.1.2.6
	case q.Has("request_uri"):
		return "request_uri_not_supported", "request objects are not supported"
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "response_type must be code"
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return "invalid_request", "response_mode must be query"
	case !slices.Contains(a.scope, "openid"):
		return "invalid_scope", "scope must contain openid"
	case q.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(a.challenge):
		return "invalid_request", "a code_challenge with code_challenge_method S256 is needed" // RFC 7636 §4.4.1
	case slices.Contains(a.prompt, "none") && len(a.prompt) > 1:
		return "invalid_request", "prompt none stands alone" // OpenID Connect Core §3.1.2.1
	case a.resource != "" && !isResource(a.resource):
		return "invalid_target", "resource must be an absolute URL without a fragment" // RFC 8707 §2
	}
	return "", ""
}

func isResource(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && u.Host != "" && u.Fragment == "" && !strings.Contains(s, "#")
}

// approve signs a person in and sends the browser back with a code.
func (p *Provider) approve(w http.ResponseWriter, r *http.Request, a authorization, who string) {
	somebody, ok := find(who)
	if !ok {
		p.refuse(w, r, a, "login_required", "nobody is signed in; login_hint, auto_approve and the choice know ann and ben")
		return
	}
	now, id := p.options.Now(), rand.Text()
	p.mu.Lock()
	p.sweep()
	p.state.codes[id] = &code{
		grant: &grant{
			person: somebody, client: a.client.id, scope: a.scope, resource: a.resource, signedIn: now,
		},
		redirect: a.redirect, challenge: a.challenge, nonce: a.nonce, expires: now.Add(codeLife),
	}
	p.mu.Unlock()
	p.back(w, r, a, "code", id)
}

// refuse sends the browser back with an error.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, a authorization, code, description string) {
	p.back(w, r, a, "error", code, "error_description", description)
}

// back sends the browser to the client, with the issuer (RFC 9207 §2) and the state as it came.
func (p *Provider) back(w http.ResponseWriter, r *http.Request, a authorization, pairs ...string) {
	u, err := url.Parse(a.redirect)
	if err != nil {
		p.explain(w, "the redirect_uri is not a URL")
		return
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	q.Set("iss", p.issuer(r))
	if a.state != "" {
		q.Set("state", a.state)
	}
	u.RawQuery = q.Encode()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", u.String())
	w.WriteHeader(http.StatusSeeOther)
}

// again is the query of a request, for a link of the page.
func (a authorization) again() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"client_id": a.client.id, "redirect_uri": a.redirect, "response_type": "code", "state": a.state, "nonce": a.nonce,
		"code_challenge": a.challenge, "code_challenge_method": "S256", "scope": strings.Join(a.scope, " "),
		"resource": a.resource,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

package authserver

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// How a client proves who it is at the token and revocation endpoint (RFC 7591 §2,
// token_endpoint_auth_method; OpenID Connect Core §9).
const (
	methodNone  = "none"
	methodBasic = "client_secret_basic"
	methodPost  = "client_secret_post"
	methodKey   = "private_key_jwt"
)

// authMethods are all methods there are. Their order is kept: sealed ids and cookies have numbers
// in it.
var authMethods = []string{methodNone, methodBasic, methodPost, methodKey}

// presented is a client and what it has shown of itself at the token or revocation endpoint.
type presented struct {
	client *client
	secret bool // its own secret
	// assertion is nil if there is none. Its claims are checked; see [Server.verifyAssertion] for
	// its signature.
	assertion *token.Assertion
	request   string // random, of this request
}

// authenticate finds out which client asks, and checks what it presents as far as that needs
// neither the store nor another host (RFC 6749 §2.3, §3.2.1; RFC 7521 §4.2). A client with a secret
// may send it either way: what clients say they will do and what they do differs. Whether it has
// presented enough is for its grant to say, see [presented.admits].
func (s *Server) authenticate(r *http.Request, form url.Values) (*presented, *Error) {
	p, e := single(form, "client_id", "client_secret", "client_assertion", "client_assertion_type")
	if e != nil {
		return nil, e
	}
	id, secret := p["client_id"], p["client_secret"]
	user, password, basic := r.BasicAuth()
	refuse := func(description string) *Error {
		return &Error{kind: invalidClient, description: description, basic: basic}
	}
	if basic {
		// RFC 6749 §2.3.1: both are form-encoded first.
		basicID, err1 := url.QueryUnescape(user)
		basicSecret, err2 := url.QueryUnescape(password)
		switch {
		case err1 != nil || err2 != nil:
			return nil, refuse("the Authorization header is not form-encoded")
		case secret != "" || id != "" && id != basicID:
			return nil, fail(invalidRequest, "the client is named twice, in the header and in the body; use one way")
		}
		id, secret = basicID, basicSecret
	}
	out := &presented{request: rand.Text()}
	switch {
	case p["client_assertion"] != "" && (basic || secret != ""): // RFC 6749 §2.3
		return nil, fail(invalidRequest, "there are a client_assertion and a client_secret; use one way to authenticate")
	case p["client_assertion"] != "":
		if out.assertion, e = s.readAssertion(p["client_assertion"], p["client_assertion_type"], id); e != nil {
			return nil, e
		}
		id = out.assertion.Subject
	case id == "":
		return nil, refuse("client_id is missing")
	}
	c, err := s.clients.forToken(id)
	if err != nil {
		e := *asError(err)
		e.basic = basic
		return nil, &e
	}
	out.client = c
	switch {
	case out.assertion != nil && c.origin != document:
		return out, c.verify(out.assertion)
	case out.assertion != nil: // the keys are elsewhere
	case c.secret != nil && !c.secret(secret):
		return nil, refuse("the client_secret is missing or wrong")
	case c.secret == nil && secret != "":
		return nil, refuse("this client has no secret; send its client_id only")
	case c.keys != nil: // no such client may do without
		return nil, refuse(textNoAssertion)
	}
	out.secret = c.secret != nil && out.assertion == nil
	return out, nil
}

const textNoAssertion = "client_assertion is missing; this client authenticates with private_key_jwt"

// admits tells whether what was presented is what the grant demands: one of the methods that were
// agreed on when the person consented, whatever the client's document says by now or whether it can
// be read. An assertion has been verified by then. A grant of before methods were kept demands what
// it always did.
func (p *presented) admits(g grant.Grant) error {
	methods := g.AuthMethods
	switch {
	case p.assertion != nil:
		return nil
	case g.Proven:
		return fail(invalidClient, "client_assertion is missing; this login was proven with one before, so it always needs one")
	case len(methods) == 0, slices.Contains(methods, methodNone):
		return nil
	case p.secret && (slices.Contains(methods, methodBasic) || slices.Contains(methods, methodPost)):
		return nil
	case slices.Contains(methods, methodKey):
		return fail(invalidClient, textNoAssertion)
	}
	return fail(invalidClient, "this login was made by a client with a client_secret, which is missing; sign in again")
}

// use names the assertion for the store.
func (p *presented) use() grant.Assertion {
	return grant.Assertion{ClientID: p.client.id, ID: p.assertion.ID, Request: p.request}
}

// used is how long the store has to remember the assertion: as long as any replica takes it, whose
// clock may be behind.
func (p *presented) used(now time.Time) time.Duration {
	return max(time.Second, p.assertion.Expires.Sub(now)+2*assertionLeeway)
}

package authserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// The grant types (RFC 6749 §4.1.3, §6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantClient  = "client_credentials" // RFC 6749 §4.4
)

// grantKinds are all kinds there are.
func grantKinds(grantType string) (grantKind, bool) {
	switch grantType {
	case grantCode: // RFC 6749 §4.1.3 with RFC 7636 §4.5
		return grantKind{
			params: []string{"code", "code_verifier"},
			// OAuth 2.1 §4.1.3 has no redirect_uri here; PKCE binds the code. One that is sent is
			// compared.
			optional: []string{"redirect_uri"},
			of:       (*grant.Grants).OfCode,
			find: func(ctx context.Context, g *grant.Grants, q *tokenRequest) (*grant.Rotation, error) {
				p := q.params
				return g.Redeem(ctx, p["code"], q.client.id, p["redirect_uri"], p["code_verifier"], q.admits)
			},
			judged: true, // when the person signed in, as long ago as a code lives
		}, true
	case grantRefresh: // RFC 6749 §6
		return grantKind{
			params: []string{"refresh_token"},
			of:     (*grant.Grants).OfRefreshToken,
			find: func(ctx context.Context, g *grant.Grants, q *tokenRequest) (*grant.Rotation, error) {
				return g.Refresh(ctx, q.params["refresh_token"], q.client.id, q.admits)
			},
		}, true
	case grantClient:
		return grantKind{direct: (*Server).clientCredentials}, true
	case grantBearer:
		return grantKind{params: []string{"assertion"}, direct: (*Server).jwtBearer, clientless: true}, true
	}
	return grantKind{}, false
}

// tokenRequest is a request at the token endpoint that carries a code or refresh token of ours, or
// is a direct grant's.
type tokenRequest struct {
	*presented
	kind   grantKind
	params map[string]string
	// resources are those that it names, in their order.
	resources []string
	grant     string    // its id; of a direct grant, which has none yet, who it is counted by
	came      time.Time // when its last byte was read
	direct    *direct   // nil for a grant that has begun in a browser
	// reuse is set when the refresh token is one that came too late.
	reuse *grant.ReuseError
}

// token is the token endpoint (RFC 6749 §3.2). What is sealed or signed by us is verified before
// anything is counted or looked up: what carries none of it spends an allowance of its address, and
// nothing else.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	q, e := s.readTokenRequest(w, r)
	if e != nil {
		s.refuseJunk(w, r, e)
		return
	}
	if e := s.verifyAssertion(r, q.presented); e != nil {
		s.refuseUnverified(w, r, LimitGrant, ofGrant(q.grant, q.client), e)
		return
	}
	if e := q.verifyDirect(r.Context()); e != nil {
		s.refuseUnproven(w, r, e)
		return
	}
	if e := s.count(r.Context(), LimitGrant, ofGrant(q.grant, q.client)); e != nil {
		refuse(w, e)
		return
	}
	t, err := s.issueInTime(r.Context(), q)
	if err != nil {
		e := asError(err)
		s.returnAssertion(r.Context(), q.presented, e)
		s.returnOnce(r.Context(), q, e)
		s.report(r, "token", e)
		refuse(w, e)
		return
	}
	answer(w, http.StatusOK, t)
}

// readTokenRequest reads a request and verifies all that can be verified without the store.
func (s *Server) readTokenRequest(w http.ResponseWriter, r *http.Request) (*tokenRequest, *Error) {
	form, e := readForm(w, r)
	if e != nil {
		return nil, e
	}
	q := &tokenRequest{came: s.opts.Now()}
	p, e := single(form, "grant_type")
	if e != nil {
		return nil, e
	}
	var ok bool
	if q.kind, ok = grantKinds(p["grant_type"]); !ok || p["grant_type"] == grantBearer && !s.takesAssertions() {
		return nil, fail(unsupportedGrantType, "grant_type must be one of grant_types_supported of this server's metadata")
	}
	if q.params, e = single(form, slices.Concat([]string{"scope"}, q.kind.params, q.kind.optional)...); e != nil {
		return nil, e
	}
	q.resources = resourcesOf(form)
	if q.kind.clientless && !namesClient(r, form) {
		q.presented = noClient()
	} else if q.presented, e = s.authenticate(r, form); e != nil {
		return nil, e
	}
	if e := q.client.may(p["grant_type"]); e != nil {
		return nil, e
	}
	for _, name := range q.kind.params {
		if q.params[name] == "" {
			return nil, fail(invalidRequest, name+" is missing")
		}
	}
	if q.kind.direct != nil {
		return q, s.readDirect(r, q)
	}
	// The first parameter is what the grant is found by.
	if q.grant, ok = q.kind.of(s.opts.Grants, q.params[q.kind.params[0]]); !ok {
		return nil, asError(grant.ErrNoGrant)
	}
	return q, nil
}

// tellReuse tells operators of a refresh token that came after its grace period: either somebody
// has a copy, or a program goes on with an old one. One request tells it once, after its last
// attempt.
func (s *Server) tellReuse(ctx context.Context, q *tokenRequest, err error) {
	if q.reuse == nil {
		return
	}
	sum := sha256.Sum256([]byte(q.reuse.Grant.ClientID))
	s.opts.Logger.WarnContext(ctx, "a refresh token was used after its grace period; its login is revoked",
		"client", q.reuse.Grant.ClientName, "client_digest", encoding.EncodeToString(sum[:9]),
		"seconds_since_rotation", int64(q.reuse.Since/time.Second), "revoked", !errors.Is(err, session.ErrUnavailable))
}

// readForm takes parameters from the body only: a query ends up in logs (RFC 6749 §3.2, OAuth 2.1
// §7.12).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *Error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, fail(invalidRequest, "the body must be application/x-www-form-urlencoded").because(web.ReasonContentType)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return nil, fail(invalidRequest, "the body is not a form of at most 64 KiB").because(web.ReasonBadRequest)
	}
	return r.PostForm, nil
}

package authserver

import (
	"context"
	"mime"
	"net/http"
	"net/url"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// The grant types (RFC 6749 §4.1.3, §6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// grantKinds are all kinds there are.
func grantKinds(grantType string) (grantKind, bool) {
	switch grantType {
	case grantCode:
		return grantKind{params: []string{"code", "redirect_uri", "code_verifier"}, find: findCode, judged: true}, true
	case grantRefresh:
		return grantKind{params: []string{"refresh_token"}, find: findRefresh}, true
	}
	return grantKind{}, false
}

// findCode is RFC 6749 §4.1.3 with RFC 7636 §4.5. The person was judged when they signed in, as long ago as a code lives.
func findCode(ctx context.Context, g *session.Grants, c *client, p map[string]string) (*session.Turn, error) {
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if p[name] == "" {
			return nil, fail(invalidRequest, name+" is missing")
		}
	}
	return g.Redeem(ctx, p["code"], c.id, p["redirect_uri"], p["code_verifier"])
}

// findRefresh is RFC 6749 §6.
func findRefresh(ctx context.Context, g *session.Grants, c *client, p map[string]string) (*session.Turn, error) {
	if p["refresh_token"] == "" {
		return nil, fail(invalidRequest, "refresh_token is missing")
	}
	return g.Refresh(ctx, p["refresh_token"], c.id)
}

// token is the token endpoint (RFC 6749 §3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, e := readForm(w, r)
	if e != nil {
		refuse(w, e)
		return
	}
	p, e := single(form, "grant_type")
	if e != nil {
		refuse(w, e)
		return
	}
	kind, ok := grantKinds(p["grant_type"])
	if !ok {
		refuse(w, fail(unsupportedGrantType, "grant_type must be authorization_code or refresh_token"))
		return
	}
	t, err := s.issue(r, form, kind)
	if err != nil {
		e := asError(err)
		s.report(r, "token", e)
		refuse(w, e)
		return
	}
	answer(w, http.StatusOK, t)
}

// readForm takes parameters from the body only: a query ends up in logs (RFC 6749 §3.2, OAuth 2.1 §7.12).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *Error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, fail(invalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return nil, fail(invalidRequest, "the body is not a form of at most 64 KiB")
	}
	return r.PostForm, nil
}

package authserver

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

// profileIdentity announces identity assertions (draft-ietf-oauth-identity-assertion-authz-grant
// §7.2).
const profileIdentity = "urn:ietf:params:oauth:grant-profile:id-jag"

// IdentityAssertions are what a company's identity provider says about its people towards this
// server, so that none of them has to sign in here (enterprise-managed authorization). Both members
// are required.
type IdentityAssertions struct {
	// Keys verify the assertions of each issuer.
	Keys map[string]GrantKeys
	// Admit says who the person is whom verified claims of an issuer describe, by the rules of a
	// sign-in. Its errors are [ErrNotAllowed], and [ErrUndescribed] if the claims do not say enough
	// to tell.
	Admit func(issuer string, claims map[string]any) (Person, error)
}

// ErrUndescribed says that an identity assertion lacks a claim that the rules of a sign-in need. It
// is an [ErrNotAllowed].
var ErrUndescribed error = undescribed{}

type undescribed struct{}

func (undescribed) Error() string {
	return "authserver: the assertion lacks a claim that the rules need"
}

// Is makes it an [ErrNotAllowed].
func (undescribed) Is(target error) bool { return target == ErrNotAllowed }

// identityAssertion is the grant of an assertion about a person
// (draft-ietf-oauth-identity-assertion-authz-grant §4.4). It is for clients that prove who they
// are: the assertion names its client, and without a proof whoever got hold of it could use it. No
// person is asked, so what it does not say is not granted.
func (s *Server) identityAssertion(q *tokenRequest, a *token.GrantAssertion) (*direct, *Error) {
	if s.opts.IdentityAssertions == nil {
		return nil, fail(invalidGrant, "this server takes no identity assertions; sign in through the browser")
	}
	proven := q.secret || q.assertion != nil
	switch {
	case q.client.id == "":
		return nil, fail(invalidClient, "client_id is missing; an identity assertion is good with the client alone that it was issued to")
	case q.client.origin == registered, !proven:
		return nil, fail(unauthorizedClient, "identity assertions are for clients that prove who they are: one that the operator of this server has listed "+
			"with a client_secret or keys, or one with a metadata document and private_key_jwt; others sign in through the browser")
	case a.ClientID != q.client.id:
		return nil, fail(invalidGrant, "client_id of the assertion must be the client that presents it")
	}
	keys, known := s.opts.IdentityAssertions.Keys[a.Issuer]
	if !known {
		return nil, fail(invalidGrant, "the issuer of the assertion is not one whose identity assertions this server takes")
	}
	if e := s.checkBearer(a); e != nil {
		return nil, e
	}
	if a.ID == "" || a.Issued.IsZero() { // §3.1
		return nil, fail(invalidGrant, "the assertion must have jti and iat")
	}
	resources, e := s.assertedResources(q, a)
	if e != nil {
		return nil, e
	}
	d := s.fromAssertion(q, a)
	d.resources = resources
	if d.scopes, e = s.assertedScopes(q, a); e != nil {
		return nil, e
	}
	var refusal error
	d.verify = func(ctx context.Context) *Error {
		if e := s.verifyBearer(ctx, keys, a); e != nil {
			return e
		}
		var person Person
		if person, refusal = s.opts.IdentityAssertions.Admit(a.Issuer, a.Claims()); refusal == nil {
			d.subject, d.name, d.email, d.upstream = person.Subject, person.Name, person.Email, person.Upstream
		}
		return nil
	}
	d.allowed = func(ctx context.Context) error { return s.judgeAsserted(ctx, a, refusal) }
	return d, nil
}

// judgeAsserted says that somebody may not come in, to their client and to operators.
func (s *Server) judgeAsserted(ctx context.Context, a *token.GrantAssertion, refusal error) error {
	if refusal == nil || !errors.Is(refusal, ErrNotAllowed) {
		return refusal
	}
	reason, text := "rules", "this account may not use this server; ask its operator for access"
	if errors.Is(refusal, ErrUndescribed) {
		reason, text = "claim_missing", "the assertion lacks a claim that the rules of this server are about, so nobody can tell whether this account may "+
			"use it; ask its operator"
	}
	if s.told.First(s.opts.Now(), reason+" "+a.Issuer) {
		s.opts.Logger.InfoContext(ctx, "a person with an identity assertion was turned away by "+setting.AllowSigninFlag+" or "+setting.DenySigninFlag,
			"reason", reason, "issuer", a.Issuer)
	}
	return fail(invalidGrant, text)
}

// assertedResources are where an assertion is good: at the resources that it names, each of which
// must be ours, or where its request says.
func (s *Server) assertedResources(q *tokenRequest, a *token.GrantAssertion) ([]string, *Error) {
	if len(a.Resources) == 0 {
		return s.directResources(q.resources)
	}
	if _, ok := s.scopesOf(a.Resources); !ok {
		return nil, fail(invalidGrant, "resource of the assertion must be the URL of an MCP endpoint of this server")
	}
	return a.Resources, nil
}

// assertedScopes are those of an assertion that are ours, that its client may have and that its
// request asks for, if it does. Without scopes in the assertion only what reads is granted: its
// issuer has approved nothing else.
func (s *Server) assertedScopes(q *tokenRequest, a *token.GrantAssertion) ([]string, *Error) {
	scopes := s.ownScopes(strings.Join(a.Scopes, " "))
	if !a.HasScopes {
		for _, ours := range s.opts.Scopes {
			scopes = append(scopes, ours.Name)
		}
		scopes = s.readingScopes(scopes)
	}
	scopes = q.client.permitted(scopes)
	if asked := s.ownScopes(q.params["scope"]); len(asked) > 0 {
		scopes = slices.DeleteFunc(slices.Clone(scopes), func(v string) bool { return !slices.Contains(asked, v) })
		q.params["scope"] = strings.Join(scopes, " ") // more was asked for, which is not a reason to refuse (RFC 6749 §3.3)
	}
	if len(scopes) == 0 {
		return nil, fail(invalidScope, "no scope is left: the scopes of the assertion, those that its client may have and those that are asked for "+
			"have none in common")
	}
	return scopes, nil
}

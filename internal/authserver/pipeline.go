package authserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// tokens is what the token endpoint gives (RFC 6749 §5.1).
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token,omitempty"`
	Scope   string `json:"scope"`
}

// grantKind is what differs between grants: which parameters they need, of which the first names
// the grant, how the next step of a grant is found, and whether the person was judged a moment ago.
// All else is the pipeline's, so that no grant can forget it.
type grantKind struct {
	params []string
	// optional are others of them, "" if absent.
	optional []string
	// of gives the id of the grant that the first parameter belongs to, without asking the store;
	// ok is false if it is not ours.
	of     func(g *grant.Grants, first string) (id string, ok bool)
	find   func(ctx context.Context, g *grant.Grants, q *tokenRequest) (*grant.Rotation, error)
	judged bool
	// direct reads a grant that no browser takes part in, which has neither of and find.
	direct func(s *Server, r *http.Request, q *tokenRequest) (*direct, *Error)
	// clientless grants need no client.
	clientless bool
}

// issue is the pipeline that every token comes out of: client (see readTokenRequest), its assertion
// used up, grant with what that demands of the client, resource and scopes, policy, what can be
// used once used up, one step of the grant.
func (s *Server) issue(ctx context.Context, grants *grant.Grants, q *tokenRequest) (*tokens, error) {
	if q.assertion != nil {
		if err := grants.UseAssertion(ctx, q.use(), q.used(s.opts.Now())); err != nil {
			return nil, err
		}
	}
	turn, err := q.find(ctx, grants)
	if reuse, ok := errors.AsType[*grant.ReuseError](err); ok {
		q.reuse = reuse
	}
	if err != nil {
		return nil, err
	}
	if q.assertion != nil {
		turn.Prove()
	}
	resource, scopes, err := s.narrow(turn.Grant, q)
	if err != nil {
		return nil, err
	}
	if !q.kind.judged {
		if err := s.clients.stillThere(ctx, q.client); err != nil {
			return nil, err
		}
		if err := s.judge(ctx, turn.Grant, q.direct); err != nil {
			return nil, err
		}
	}
	if err := q.useOnce(ctx, grants); err != nil {
		return nil, err
	}
	// Signed before the write: a step that is taken must lead to an answer.
	access, life, err := s.opts.Tokens.Issue(identity.Caller{
		Subject: turn.Grant.Subject, ClientID: q.client.ref(), Scopes: scopes,
	}, resource, turn.Grant.ID, grants.End(turn.Grant))
	if err != nil {
		return nil, &Error{kind: serverError, cause: err}
	}
	refresh, err := turn.Commit(ctx)
	if err != nil {
		return nil, err
	}
	return &tokens{
		Access: access, Type: "Bearer", Expires: int64(life / time.Second), Refresh: refresh, Scope: strings.Join(scopes, " "),
	}, nil
}

// narrow gives the resource and the scopes of a token: those granted that the resource still knows,
// or fewer if asked (RFC 6749 §6). A direct grant gives what it may of what is asked for, which the
// answer says (RFC 6749 §3.3): programs without people ask for all scopes that the endpoint has.
// Each resource that is named must be one where the grant is good, and the token is good there
// alone; without one it is as good as the grant (RFC 8707 §2.2).
func (s *Server) narrow(g grant.Grant, q *tokenRequest) (resource string, scopes []string, err error) {
	named, granted := q.resources, strings.Fields(g.Resource)
	for _, r := range named {
		if !s.opts.Covers(granted, r) {
			return "", nil, fail(invalidTarget, "resource must be one that was authorized; "+q.instead("sign in again for another"))
		}
	}
	if len(named) == 0 {
		named = granted
	}
	known, ok := s.scopesOf(named)
	if !ok {
		return "", nil, fail(invalidTarget, "what was authorized is not an MCP endpoint of this server any more; "+q.instead("sign in again"))
	}
	known = q.client.permitted(known)
	scopes = slices.DeleteFunc(slices.Clone(g.Scopes), func(v string) bool { return !slices.Contains(known, v) })
	if asked := s.ownScopes(q.params["scope"]); len(asked) > 0 {
		for _, v := range asked {
			if q.direct == nil && !slices.Contains(g.Scopes, v) {
				return "", nil, fail(invalidScope, "a scope is asked for that was not granted; "+q.instead("sign in again for more"))
			}
		}
		scopes = slices.DeleteFunc(scopes, func(v string) bool { return !slices.Contains(asked, v) })
	}
	if len(scopes) == 0 && q.direct != nil {
		return "", nil, fail(invalidScope, "no scope that is asked for is one that may be given here; "+q.instead(""))
	}
	if len(scopes) == 0 {
		return "", nil, fail(invalidScope, "no scope of the grant is left; "+q.instead("sign in again"))
	}
	return strings.Join(named, " "), scopes, nil
}

// judge asks whether the person may still come in. Who may not loses the grant; where nobody can
// tell it stays. What the store has lost is judged by [SignIn] without it, and what is there and
// does not open is 503 until it does.
func (s *Server) judge(ctx context.Context, g grant.Grant, d *direct) error {
	if d != nil { // it begins here, and has nothing of a provider yet
		return d.judge(ctx)
	}
	upstream, _, _, err := s.opts.Grants.ProviderStates().Load(ctx, g.ID)
	if err != nil {
		return err
	}
	err = s.opts.SignIn.StillAllowed(ctx, SignedIn{
		Person: Person{Subject: g.Subject, Name: g.Name, Email: g.Email, Upstream: upstream}, Grant: g.ID, Since: g.Born,
	})
	why, reason := web.ReasonPersonNotAllowed, "this account may not use this server any more; sign in again or ask its operator"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDenied):
		why = web.ReasonDeniedByProvider
	case errors.Is(err, ErrNotAllowed):
	case errors.Is(err, ErrSignInOver):
		why = web.ReasonSignInOver
		reason = "the sign-in has ended at the identity provider, or could not be confirmed there for too long; sign in again"
	default:
		return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: retryLater}
	}
	judged := err
	// Beside the request: a client that hangs up must not keep its grant.
	if err := s.opts.Grants.Revoke(context.WithoutCancel(ctx), g.ID); err != nil {
		return err
	}
	refusal := fail(invalidGrant, reason).because(why).from(judged)
	if s.opts.PersonDigest != nil {
		refusal.subject = s.opts.PersonDigest(g.Subject)
	}
	return refusal
}

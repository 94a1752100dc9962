package resource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// Verifier judges access tokens.
type Verifier interface {
	// Verify says whose a bearer token is, if it is good at a resource, which is given without a
	// slash at its end; one there makes no difference in a token's audience.
	//
	// A [fault.Error] says whether a token is at fault ([fault.InvalidToken]), or is good and whom
	// it was issued to may not come in ([fault.Denied]); what is public of it is shown to the
	// client. Any other error means that the token could not be judged.
	Verify(ctx context.Context, bearer, resource string) (identity.Caller, error)
}

// VerifierFunc is a function that is a [Verifier].
type VerifierFunc func(ctx context.Context, bearer, resource string) (identity.Caller, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, bearer, resource string) (identity.Caller, error) {
	return f(ctx, bearer, resource)
}

// Options configure a [Server]. All without a default are required.
type Options struct {
	// PublicURL is scheme and host under which clients reach the endpoints, and the path that their
	// paths are below; requests come without that path. On a loopback host, localhost, 127.0.0.1
	// and [::1] are all served with its scheme and port, each under its own name. Default: the same
	// on the port that a request came in on, for a server that only this machine reaches.
	PublicURL *url.URL
	// Endpoints says whether there is an endpoint at a path, which has no slash at its end ("" is
	// the root), and the scopes that its tools need, in this gateway's names.
	Endpoints func(path string) (scopes []string, ok bool)
	// Verifier judges tokens.
	Verifier Verifier
	// AuthorizationServers are the issuers that clients may get tokens from.
	AuthorizationServers []string
	// ScopeNames are the names under which clients ask the authorization server for our scopes.
	// Default: their own names.
	ScopeNames map[string]string
	// NoScopeHint says what to set where a token grants no scope that any endpoint needs, to which
	// no sign-in adds one. It is ASCII without quotes and backslashes. Default: clients are told to
	// sign in again and grant the scopes.
	NoScopeHint string
	// Name is shown to people.
	Name string
	// Documentation is the URL of a page for developers. Default: none.
	Documentation string
	// External says that the tokens are another issuer's, whose settings decide which scopes they
	// have.
	External bool
	// Because says for operators why a token is at fault. Default: for all
	// [web.ReasonInvalidToken].
	Because func(err error) web.Reason
	// Logger is told of tokens that could not be judged.
	Logger *slog.Logger
}

// Server is the resource server in front of all endpoints.
type Server struct {
	opts   Options
	origin origin
	base   string // the path of the public URL, without a slash at its end
	told   web.Told
}

// New makes a server. Its error names every option that is wrong.
func New(opts Options) (*Server, error) {
	var problems []error
	if opts.Endpoints == nil || opts.Verifier == nil || opts.Logger == nil || opts.Name == "" {
		problems = append(problems, errors.New("resource: Endpoints, Verifier, Logger and Name are required"))
	}
	if len(opts.AuthorizationServers) == 0 {
		problems = append(problems, errors.New("resource: an authorization server is required; clients could not sign in"))
	}
	for ours, theirs := range opts.ScopeNames {
		if !scopeToken(theirs) {
			problems = append(problems, fmt.Errorf("resource: the name %q for scope %s is not a scope; give one word", theirs, ours))
		}
	}
	if u := opts.PublicURL; u != nil && (u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		problems = append(problems, fmt.Errorf("resource: the public URL %q must be scheme, host and path only", u.Redacted()))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if opts.Because == nil {
		opts.Because = func(error) web.Reason { return web.ReasonInvalidToken }
	}
	s := &Server{opts: opts, origin: newOrigin(opts.PublicURL)}
	if opts.PublicURL != nil {
		s.base = strings.TrimSuffix(opts.PublicURL.EscapedPath(), "/")
	}
	return s, nil
}

// names are the names under which clients ask for scopes.
func (s *Server) names(scopes []string) []string {
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = scope
		if theirs, ok := s.opts.ScopeNames[scope]; ok {
			names[i] = theirs
		}
	}
	return names
}

// scopeToken is the form of one scope (RFC 6749 §3.3); it needs no quoting in a challenge.
func scopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

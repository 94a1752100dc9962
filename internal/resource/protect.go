package resource

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// What a request without a good access token is answered: the 401 challenge, and 403 without a
// scope.

// defaultRetryAfter is for a verifier that does not know.
const defaultRetryAfter = 5 * time.Second

// Protect lets a request through to next if it carries an access token that is good at its URL,
// with the caller known and without the token. It answers before anything else about a request is
// looked at: clients probe with a GET or an old protocol version and want to hear where to sign in.
func (s *Server) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, q := request.Enter(r)
		caller, refusal := s.authenticate(r)
		metadataURL := s.metadataURL(r)
		if refusal != nil {
			refusal.metadataURL = metadataURL
			refusal.Write(w)
			return
		}
		scopes, _ := s.opts.Endpoints(strings.TrimSuffix(r.URL.EscapedPath(), "/"))
		q.Caller, q.Resource = caller, &request.Resource{MetadataURL: metadataURL, Scopes: s.names(scopes)}
		r.Header = r.Header.Clone()
		r.Header.Del("Authorization")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) authenticate(r *http.Request) (identity.Caller, *Refusal) {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	scopes, _ := s.opts.Endpoints(path)
	token, refusal := bearer(r)
	if refusal != nil {
		return identity.Caller{}, refusal
	}
	if token == "" {
		return identity.Caller{}, &Refusal{
			status:      http.StatusUnauthorized,
			description: "sign in: this endpoint takes an access token in the Authorization header",
			scopes:      s.names(scopes),
			reason:      web.ReasonNoToken,
		}
	}
	caller, err := s.opts.Verifier.Verify(r.Context(), token, s.origin.of(r)+s.base+path)
	if err == nil {
		return caller, nil
	}
	answer := fault.Of(err)
	switch answer.Kind {
	case fault.InvalidToken:
		return identity.Caller{}, &Refusal{
			status:      http.StatusUnauthorized,
			code:        invalidToken,
			description: answer.Public,
			reason:      s.opts.Because(err),
			cause:       err,
			scopes:      s.names(scopes),
		}
	case fault.Denied:
		return identity.Caller{}, &Refusal{status: http.StatusForbidden, description: answer.Public, reason: web.ReasonPersonNotAllowed, cause: err}
	}
	if r.Context().Err() == nil { // else the client went away while waiting
		// Once a minute: anybody can make up a token that names an unknown key.
		const line = "an access token could not be judged"
		s.told.Log(r.Context(), s.opts.Logger, time.Now(), line, 1, slog.LevelWarn, line, "error", err)
	}
	return identity.Caller{}, &Refusal{
		status:      http.StatusServiceUnavailable,
		description: "the access token cannot be checked at the moment; it may be good, try again shortly",
		retryAfter:  cmp.Or(answer.RetryAfter, defaultRetryAfter),
		reason:      web.ReasonUnavailable,
	}
}

// Require asks for scopes, in this gateway's names: those of all calls in a request together. Its
// error is a [Refusal] that names all of them, whether granted or not, since a client needs them
// all at once (RFC 6750 §3.1).
//
// A context that does not come from [Server.Protect] is refused.
func (s *Server) Require(ctx context.Context, scopes []string) error {
	q := request.From(ctx)
	if q.Resource == nil {
		return unchecked()
	}
	granted := q.Caller.Scopes
	if !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(granted, scope) }) {
		return nil
	}
	why := web.ReasonInsufficientScope
	if s.opts.External {
		why = web.ReasonScopeNotInToken
	}
	needed := slices.Clone(scopes)
	slices.Sort(needed)
	return &Refusal{
		status:      http.StatusForbidden,
		code:        insufficientScope,
		description: s.lacking(granted),
		scopes:      s.names(slices.Compact(needed)),
		reason:      why,
		metadataURL: q.Resource.MetadataURL,
	}
}

// lacking says what to do about scopes that are not granted. The operator has to act if none is
// known at any endpoint.
func (s *Server) lacking(granted []string) string {
	known, _ := s.opts.Endpoints("")
	if s.opts.NoScopeHint == "" || slices.ContainsFunc(granted, func(scope string) bool { return slices.Contains(known, scope) }) {
		return "the access token does not allow this call; sign in again and grant the scopes it needs"
	}
	return "the access token grants no scope of this server, and signing in again does not help: " + s.opts.NoScopeHint
}

// Challenge is the [Refusal] of a caller whose token was good when it came and whose sign-in has
// turned out to be over since. The reason may be shown to the client.
//
// A context that does not come from [Server.Protect] is refused.
func (s *Server) Challenge(ctx context.Context, reason string) error {
	at := request.From(ctx).Resource
	if at == nil {
		return unchecked()
	}
	return &Refusal{
		status:      http.StatusUnauthorized,
		code:        invalidToken,
		description: reason,
		reason:      web.ReasonInvalidToken,
		scopes:      at.Scopes,
		metadataURL: at.MetadataURL,
	}
}

func unchecked() *Refusal {
	return &Refusal{status: http.StatusInternalServerError, description: "internal error: the request was not authenticated", reason: web.ReasonInternal}
}

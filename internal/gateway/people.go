package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/credential"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// checksPerSecond is how often at most all replicas together ask the provider about people.
const checksPerSecond = 20

// people knows whether those who signed in may still come in, and tells operators what it finds.
type people struct {
	*upstream.Login
	g      *Gateway
	grants *grant.Grants
	digest session.Digester
	told   web.Told // by reason
}

// newPeople looks after all sign-ins. grants and patient are the same, for calls and for what may
// wait.
func (g *Gateway) newPeople(
	provider *upstream.Provider, grants, patient *grant.Grants, limits *redisstore.Limits, keys *seal.Keyring,
) (*people, error) {
	p := &people{g: g, grants: patient, digest: keys.MAC(purposeSessionSubject)}
	var err error
	p.Login, err = upstream.NewLogin(upstream.LoginOptions{
		Provider: provider, Store: grants.ProviderStates(), Patient: patient.ProviderStates(),
		Recheck: g.cfg.Recheck, MaxAge: g.cfg.GrantMaxAge,
		Room: func(ctx context.Context) bool {
			quota := redisstore.Quota{Name: "check", Amount: 1, Max: checksPerSecond, Period: time.Second}
			taken, err := limits.Take(ctx, "signin", []redisstore.Quota{quota})
			return err == nil && taken.Short < 0 // without Redis nobody is asked
		},
		End: patient.Revoke, OnCheck: p.checked,
	})
	if err == nil {
		g.closers = append(g.closers, func() error { g.finishRenewals(p.Login); return nil })
	}
	return p, err
}

// upstreamGrant is a grant as package upstream knows it. An issuer has no fragment, so the first #
// of a subject ends it.
func upstreamGrant(id, subject, email string, born time.Time) upstream.Grant {
	_, sub, _ := strings.Cut(subject, "#")
	return upstream.Grant{ID: id, Subject: subject, Sub: sub, Email: email, Born: born}
}

// look judges a grant by what is kept of it, for every request. Whom a rule names, and whom the
// provider put out before, loses it; a grant that nobody could ask about for too long is for the
// client's refresh to judge. What cannot be read is an error that is nobody's fault: such a request
// is answered 503.
func (p *people) look(ctx context.Context, g upstream.Grant) error {
	err := p.Look(ctx, g)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, upstream.ErrUnavailable):
		p.cannotRead(ctx, err)
		return err
	case !errors.Is(err, upstream.ErrLapsed):
		if err := p.grants.Revoke(context.WithoutCancel(ctx), g.ID); err != nil {
			p.g.logger.WarnContext(ctx, "a grant that is over could not be ended", "error", err)
		}
		p.ended(ctx, g.Subject, reasonOf(err), err)
	}
	return grantOver(err)
}

// stillAllowed judges a grant at a refresh. Who asks ends the grant.
func (p *people) stillAllowed(ctx context.Context, g upstream.Grant, kept []byte) error {
	err := p.StillAllowed(ctx, g, kept)
	switch {
	case err == nil:
	case errors.Is(err, upstream.ErrUnavailable):
		p.cannotRead(ctx, err)
	case errors.Is(err, upstream.ErrNotAllowed), errors.Is(err, upstream.ErrLapsed): // else checked has told it
		p.ended(ctx, g.Subject, reasonOf(err), err)
	}
	return err
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, upstream.ErrNotAllowed):
		return "rules"
	case errors.Is(err, upstream.ErrLapsed):
		return "unknown_for_too_long"
	}
	return "ended_before"
}

func (p *people) cannotRead(ctx context.Context, err error) {
	unreadable := errors.Is(err, upstream.ErrUnreadable) || errors.Is(err, grant.ErrUnreadable)
	if unreadable && p.told.First(time.Now(), "unreadable") {
		p.g.logger.ErrorContext(ctx, "what is kept of a sign-in cannot be opened: it was sealed with a secret that is not in "+setting.SecretsFlag+", or by a "+
			"later version; such calls are answered 503, and nobody is signed out")
	}
}

// ended tells of a person who is out, and by which rule if it was one.
func (p *people) ended(ctx context.Context, subject, reason string, why error) {
	attrs := []any{"reason", reason, "subject", p.named(subject)}
	if refusal, ok := errors.AsType[*identity.Refusal](why); ok {
		attrs = append(attrs, "explanation", refusal.LogReason(), "rule", refusal.Rule())
	}
	p.g.logger.InfoContext(ctx, "a login was ended; the person has to sign in again", attrs...)
}

// named is what a person is called in the log: the digest that the list of sessions has.
func (p *people) named(subject string) string {
	return hex.EncodeToString(p.digest.Digest([]byte(subject))[:session.SubjectDigest])
}

// checked is told what came of asking the provider.
func (p *people) checked(ctx context.Context, c upstream.Check) {
	p.g.metrics.SignInCheck(string(c.Result))
	switch c.Result {
	case upstream.No:
		p.ended(ctx, c.Subject, c.Reason, c.Why)
		if c.EndError != nil {
			p.g.logger.WarnContext(ctx, "a grant that is over could not be ended", "error", c.EndError)
		}
	case upstream.Unknown:
		if p.told.First(time.Now(), c.Reason) {
			p.g.logger.ErrorContext(ctx, "the identity provider does not say whether a person may still come in; their login goes on for up to "+
				setting.GrantMaxAgeFlag, "reason", c.Reason, "status", c.Status)
		}
	case upstream.Yes, upstream.Skipped:
	}
}

// checkedAuth asks for scopes, and has the provider asked about the caller: before something is
// sent or changed, and beside what only reads.
type checkedAuth struct {
	resource *resource.Server
	login    *login
}

// Require is of [endpoint.Auth]. It is asked once for all calls of a body, before any of them
// begins.
func (a checkedAuth) Require(ctx context.Context, scopes []string) error {
	if err := a.resource.Require(ctx, scopes); err != nil {
		return err
	}
	if readsOnly(scopes) {
		a.login.people.CheckBeside(ctx)
		return nil
	}
	asked, err := a.login.people.CheckBeforeWriting(ctx)
	if err == nil && asked { // another replica may have heard a no meanwhile
		err = a.login.stands(ctx)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, upstream.ErrUnavailable), errors.Is(err, session.ErrUnavailable):
		return credential.Unavailable(err)
	}
	return a.resource.Challenge(ctx, "the sign-in has ended; sign in again")
}

func readsOnly(scopes []string) bool {
	for _, scope := range scopes {
		if scope != mcpadapter.ScopeReadMessages {
			return false
		}
	}
	return true
}

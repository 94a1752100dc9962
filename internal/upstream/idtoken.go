package upstream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
)

const maxSubject = 255

func signInFailure(err error) error {
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrNotAllowed):
		return err
	case errors.Is(err, errInvalidGrant):
		return failed(ReasonCode)
	}
	var known *SignInError
	if errors.As(err, &known) {
		return err
	}
	var unknown *unknownError
	if errors.As(err, &unknown) { // such as invalid_client, which only operators can mend
		return &SignInError{ReasonProvider, unknown.LogReason()}
	}
	return failed(ReasonProvider)
}

// verify checks an ID token (OpenID Connect Core §3.1.3.7) and the access token that came with it, and gives its claims.
// An empty nonce is not asked for: a refreshed token need not have one (§12.2).
func (p *Provider) verify(ctx context.Context, m *metadata, got *tokens, nonce string) (map[string]any, error) {
	now := p.opts.Now()
	keys := &watchedKeys{KeySet: m.keys}
	t, err := oidc.NewVerifier(p.opts.Issuer, keys, &oidc.Config{
		SupportedSigningAlgs: m.algorithms(),
		SkipClientIDCheck:    true, // both are checked below, where the reason is known
		SkipIssuerCheck:      true,
		Now:                  func() time.Time { return now.Add(-p.opts.Leeway) },
	}).Verify(ctx, got.IDToken)
	var expired *oidc.TokenExpiredError
	switch {
	case keys.unavailable:
		return nil, &unknownError{reason: "id_token_keys_unreachable", temporary: true}
	case errors.As(err, &expired):
		return nil, failed(ReasonExpired)
	case err != nil:
		return nil, failed(ReasonIDToken)
	}
	var claims map[string]any
	if t.Claims(&claims) != nil || claims == nil {
		return nil, failed(ReasonIDToken)
	}
	azp, hasAzp := claims["azp"]
	switch {
	case t.Issuer != p.opts.Issuer:
		return nil, failed(ReasonIssuer)
	case !slices.Contains(t.Audience, p.opts.ClientID),
		hasAzp && azp != p.opts.ClientID,
		len(t.Audience) > 1 && !hasAzp:
		return nil, failed(ReasonAudience)
	case now.Add(p.opts.Leeway).Before(t.IssuedAt):
		return nil, failed(ReasonExpired)
	case nonce != "" && t.Nonce != nonce:
		return nil, failed(ReasonNonce)
	case t.AccessTokenHash != "" && t.VerifyAccessToken(got.Access) != nil: // §3.1.3.8
		return nil, failed(ReasonAtHash)
	case p.subject(claims) == "":
		return nil, failed(ReasonSubject)
	}
	return claims, nil
}

// watchedKeys tell keys that cannot be had from signatures that do not verify.
type watchedKeys struct {
	oidc.KeySet
	unavailable bool
}

// VerifySignature is that of [oidc.KeySet].
func (k *watchedKeys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, jwt)
	// go-oidc wraps the failure to fetch keys and nothing else, and returns the context's own error.
	k.unavailable = err != nil && (errors.Unwrap(err) != nil || ctx.Err() != nil)
	return payload, err
}

// subject is the gateway's name for whom claims describe, "" if they name nobody usable.
func (p *Provider) subject(claims map[string]any) string { return subjectOf(p.opts.Issuer, claims) }

func subjectOf(issuer string, claims map[string]any) string {
	sub, _ := claims["sub"].(string)
	s := issuer + "#" + sub
	if sub == "" || len(s) > maxSubject || strings.ContainsRune(sub, utf8.RuneError) ||
		strings.ContainsFunc(sub, unicode.IsControl) {
		return ""
	}
	return s
}

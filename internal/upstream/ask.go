package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// expiryMargin is how much of its life an access token must have left for the user info's refusal
// of it to speak of the person: an answer takes a while, and the provider may count from a moment
// earlier.
const expiryMargin = 5 * time.Second

// renew asks the provider for new tokens, once, and changes s. Its errors are [ErrGrantOver], which
// is a no, and [ErrUnavailable]. Without an error the tokens are good, and the person is allowed
// unless s.doubt says why that is unknown.
func (p *Provider) renew(ctx context.Context, m *metadata, s *state) error {
	if s.Refresh == "" {
		return no(noRefreshToken)
	}
	got, err := p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.Refresh},
	})
	switch {
	case errors.Is(err, errInvalidGrant):
		return no(noInvalidGrant)
	case errors.Is(err, ErrUnavailable):
		return err
	case err != nil: // such as a wrong client secret, which says nothing about the grant
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.take(got, p.opts.Now())
	ctx, cancel := context.WithTimeout(ctx, p.opts.CheckTime)
	defer cancel()
	switch err := p.fresh(ctx, m, s, got); {
	case errors.Is(err, ErrGrantOver):
		return err
	case err != nil:
		s.doubt = err // what is known of the person stays
	default:
		s.Allowed = p.opts.Now()
	}
	return nil
}

// fresh finds out what the provider says of the person now, with tokens that it has just given, and
// asks the rules.
func (p *Provider) fresh(ctx context.Context, m *metadata, s *state, got *tokens) error {
	if got.IDToken != "" {
		return p.freshFromIDToken(ctx, m, s, got)
	}
	if m.UserInfoURL != "" {
		switch info, err := p.userInfo(ctx, m, got.Access); {
		case err == nil:
			return p.learn(s, info)
		case refuses(err) && len(s.Info) > 0:
			return no(noUserInfo)
		case !refuses(err):
			return err
		}
	}
	// That there are new tokens is the provider's yes, and all it says.
	if err := p.admitted(s.Claims); err != nil {
		return noByRules(err)
	}
	return nil
}

func (p *Provider) freshFromIDToken(ctx context.Context, m *metadata, s *state, got *tokens) error {
	claims, err := p.verify(ctx, m, got, "")
	switch {
	case errors.Is(err, ErrUnavailable):
		return err
	case err != nil: // a clock that is off, or keys in disorder: not a word about the person
		e := &unknownError{reason: "id_token_does_not_verify", act: OperatorMustAct(err)}
		if failure, ok := errors.AsType[*SignInError](err); ok {
			e.detail = failure.LogReason()
		}
		return e
	case subject(claims) != s.Subject: // OpenID Connect Core §12.2
		return no(noAnotherSubject)
	}
	fresh := &state{Claims: claims}
	err = p.admit(ctx, m, fresh, got.Access)
	if err == nil || errors.Is(err, ErrNotAllowed) {
		s.Claims, s.Info = fresh.Claims, fresh.Info
	}
	if errors.Is(err, ErrNotAllowed) {
		return noByRules(err)
	}
	return err
}

// check asks the provider whether the person may still come in: for new tokens, and where there is
// no refresh token for the user info, while the access token is good. Its errors are
// [ErrGrantOver], which is a no, and others that say nothing.
func (p *Provider) check(ctx context.Context, m *metadata, s *state) error {
	if s.Refresh != "" {
		return p.renew(ctx, m, s)
	}
	expires := func(within time.Duration) bool {
		return !s.Expires.IsZero() && !p.opts.Now().Add(within).Before(s.Expires)
	}
	switch {
	case s.Access == "":
		return unknown("no_tokens_are_kept")
	case expires(0):
		return unknown("access_token_expired")
	case m.UserInfoURL == "":
		return unknown("no_user_info_endpoint")
	}
	info, err := p.userInfo(ctx, m, s.Access)
	switch {
	case refuses(err) && len(s.Info) > 0 && !s.Expires.IsZero() && !expires(expiryMargin):
		return no(noUserInfo)
	case err != nil:
		return err
	}
	if err := p.learn(s, info); err != nil {
		return err
	}
	s.Allowed = p.opts.Now()
	return nil
}

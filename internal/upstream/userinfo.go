package upstream

import (
	"context"
	"errors"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// admitted asks the rules.
func (p *Provider) admitted(claims map[string]any) error {
	if err := p.opts.Deny.Deny(claims); err != nil {
		return notAllowed{err}
	}
	if err := p.opts.Allow(claims); err != nil {
		return notAllowed{err}
	}
	return nil
}

// admit asks the rules, with what the ID token says first, and with the user info if that is not
// enough to admit, or lacks what somebody is shut out by. Its errors are [ErrNotAllowed], and
// others that say nothing about the person.
func (p *Provider) admit(ctx context.Context, m *metadata, s *state, access string) error {
	enough := p.opts.Allow(s.Claims) == nil
	if m.UserInfoURL == "" || enough && !p.opts.Deny.Lack(s.Claims) {
		return p.admitted(s.Claims)
	}
	info, err := p.userInfo(ctx, m, access)
	if err == nil && info["sub"] != s.Claims["sub"] { // OpenID Connect Core §5.3.2
		err = failed(ReasonSubject)
	}
	switch {
	case err != nil && enough && !errors.Is(err, ErrUnavailable):
		return p.admitted(s.Claims) // the provider has no user info for such a token, so the ID token is all there is
	case err != nil:
		return err
	}
	s.Info = slices.Sorted(maps.Keys(info))
	if email, signed := s.Claims["email"]; signed && !reflect.DeepEqual(email, info["email"]) {
		delete(info, "email_verified") // it speaks of another address
	}
	for name, value := range info {
		s.Claims[name] = filled(s.Claims[name], value)
	}
	return p.admitted(s.Claims)
}

// filled is a claim of the ID token with what it lacks, which the user info has: objects, such as
// realm_access, can be in both and have different roles.
func filled(signed, info any) any {
	if signed == nil {
		return info
	}
	object, isObject := signed.(map[string]any)
	more, both := info.(map[string]any)
	if !isObject || !both {
		return signed
	}
	all := maps.Clone(object)
	for name, value := range more {
		all[name] = filled(object[name], value)
	}
	return all
}

// tryUserInfo finds out at sign-in whether the user info answers to the access token, where that is
// the only way to ask about the person later. Where it refuses the token of somebody who has just
// signed in, its refusals say nothing later either: such tokens are often for another audience.
func (p *Provider) tryUserInfo(ctx context.Context, m *metadata, s *state) {
	if s.Refresh != "" || len(s.Info) > 0 || m.UserInfoURL == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.opts.CheckTime)
	defer cancel()
	if info, err := p.userInfo(ctx, m, s.Access); err == nil && info["sub"] == s.Claims["sub"] {
		s.Info = slices.Sorted(maps.Keys(info))
	}
}

// userInfo asks for the claims of an access token (OpenID Connect Core §5.3). Its errors say why
// there are none.
func (p *Provider) userInfo(ctx context.Context, m *metadata, access string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfoURL, nil)
	if err != nil {
		return nil, unknown("user_info_address")
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("Accept", "application/json")
	got, err := netx.Do(p.client, req)
	var info map[string]any
	switch {
	case err != nil && got == nil:
		return nil, &unknownError{reason: "user_info_unreachable", temporary: true}
	case err != nil:
		return nil, &unknownError{reason: "user_info_broke_off", status: got.Status, temporary: true}
	case got.Status != http.StatusOK:
		return nil, userInfoStatus(got.Status)
	case netx.DecodeJSON(got.Body, &info) != nil || info["sub"] == nil:
		e := statusError("user_info_malformed", got.Status)
		if media, _, err := mime.ParseMediaType(got.Header.Get("Content-Type")); err == nil && media == "application/jwt" {
			e.detail = "it is a JWT: have the provider answer this client in JSON"
		}
		return nil, e
	}
	delete(info, "iss") // whose word it is the ID token says, and rules go by that
	return info, nil
}

// userInfoStatus is an answer without claims.
func userInfoStatus(status int) error {
	e := statusError("user_info_status", status)
	if e.act = !e.temporary; status == http.StatusUnauthorized || status == http.StatusForbidden {
		e.detail = "the provider does not take the access token that it has given; is it for another audience, as one asked for with " +
			setting.OIDCParams + " would be, or is a scope missing in " + setting.OIDCScopes + "?"
	}
	return e
}

// refuses reports whether the user info refused an access token.
func refuses(err error) bool {
	var u *unknownError
	return errors.As(err, &u) && u.reason == "user_info_status" &&
		(u.status == http.StatusUnauthorized || u.status == http.StatusForbidden)
}

// learn puts what the user info says now in the place of what it said before, and asks the rules.
// Claims that only the ID token had stay. Errors say no, or that this is somebody else's and says
// nothing.
func (p *Provider) learn(s *state, info map[string]any) error {
	if info["sub"] != s.Claims["sub"] {
		return unknown("user_info_of_another_subject")
	}
	claims := maps.Clone(s.Claims)
	for _, name := range s.Info {
		delete(claims, name)
	}
	if email, there := info["email"]; there && !reflect.DeepEqual(email, s.Claims["email"]) {
		delete(claims, "email_verified") // it spoke of another address
	}
	maps.Copy(claims, info)
	s.Claims, s.Info = claims, slices.Sorted(maps.Keys(info))
	if err := p.admitted(claims); err != nil {
		return noByRules(err)
	}
	return nil
}

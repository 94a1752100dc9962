package upstream

import (
	"time"
)

// Asserted is a person by the word of an identity assertion: of an issuer, with verified claims.
// What is kept of them is judged by the rules with every call, as a sign-in is; but there is
// nothing that the provider could be asked with, so nobody asks, and the grant must end soon by
// itself. Whether the rules admit them is for the caller to judge first. Its error is
// [ErrUnreadable], if the claims name nobody usable.
func Asserted(issuer string, claims map[string]any, now time.Time) (Person, error) {
	s := &state{Subject: subjectOf(issuer, claims), Claims: claims, Allowed: now, Asserted: true}
	if s.Subject == "" {
		return Person{}, ErrUnreadable
	}
	data, err := s.encode()
	if err != nil {
		return Person{}, ErrUnreadable
	}
	return Person{Subject: s.Subject, Name: shown(claims["name"]), Email: shown(claims["email"]), Upstream: data}, nil
}

// shutOut says why somebody who came by an assertion is out, nil if they are not: whom the rules no
// longer admit, and of whom nobody can tell, is out at once.
func (l *Login) shutOut(s *state) error {
	if err := l.provider.opts.Allow(s.Claims); err != nil {
		return notAllowed{err}
	}
	if l.provider.opts.Deny.Lack(s.Claims) {
		return ErrNotAllowed
	}
	return nil
}

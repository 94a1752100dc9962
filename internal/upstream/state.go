package upstream

import (
	"encoding/json"
	"time"
)

// state is what is kept of a sign-in: secret, and sealed by whoever keeps it.
type state struct {
	Subject string         `json:"sub"`
	Claims  map[string]any `json:"claims,omitempty"`
	// Info names the claims that the user info had when it was asked last; none if it has never
	// answered.
	Info []string `json:"info,omitempty"`
	// Allowed is when the provider and the rules last said yes; zero before that was kept.
	Allowed time.Time `json:"allowed,omitzero"`
	Access  string    `json:"access,omitempty"`
	Refresh string    `json:"refresh,omitempty"`
	// Expires is the end of Access, Renew when to get another one; zero if the provider did not
	// say.
	Expires time.Time `json:"expires,omitzero"`
	Renew   time.Time `json:"renew,omitzero"`
	// Over says that the provider has ended the grant.
	Over bool `json:"over,omitempty"`
	// Asserted says that it is all by an identity assertion: there are no tokens, and nobody to
	// ask.
	Asserted bool `json:"asserted,omitempty"`

	// doubt is why nothing is known of the person although there are new tokens. It is not kept.
	doubt error
}

func (s *state) encode() ([]byte, error) { return json.Marshal(s) }

func decodeState(data []byte) (*state, error) {
	var s state
	if json.Unmarshal(data, &s) != nil || s.Subject == "" {
		return nil, ErrUnreadable
	}
	return &s, nil
}

// take puts tokens in that were got now. A provider that does not rotate sends no refresh token
// (RFC 6749 §6).
func (s *state) take(t *tokens, now time.Time) {
	s.Access = t.Access
	if t.Refresh != "" {
		s.Refresh = t.Refresh
	}
	s.Expires = t.expiry(now)
	s.Renew = time.Time{}
	if !s.Expires.IsZero() {
		s.Renew = s.Expires.Add(-ahead(s.Expires.Sub(now)))
	}
}

// ahead is how long before its end a token that lives so long is renewed: so early that, if the one
// who renews it dies, the lease ends and another one has renewed it while it is still good.
func ahead(life time.Duration) time.Duration {
	return min(max(life/5, time.Minute), life/2, 5*time.Minute)
}

// usable reports whether the access token may still be used, fresh whether it need not, or cannot,
// be renewed either.
func (s *state) usable(now time.Time) bool {
	return !s.Over && s.Access != "" && (s.Expires.IsZero() || now.Before(s.Expires))
}

func (s *state) fresh(now time.Time) bool {
	return s.usable(now) && (s.Renew.IsZero() || s.Refresh == "" || now.Before(s.Renew))
}

package provider

import "time"

// settings are what control changes, as they are in JSON.
type settings struct {
	AccessTokenSeconds int      `json:"access_token_seconds"`
	RefreshRotation    bool     `json:"refresh_rotation"`
	DownRequests       int      `json:"down_requests"` // that are still to be answered 503
	ClockSkewSeconds   int      `json:"clock_skew_seconds"`
	AutoApprove        string   `json:"auto_approve"`  // who signs in without being asked
	ExchangeOnly       bool     `json:"exchange_only"` // REST takes exchanged tokens only
	OfflineAccess      offline  `json:"offline_access"`
	RedirectURIs       []string `json:"redirect_uris"` // beyond those of this machine
}

// offline says what the provider thinks of the scope offline_access.
type offline string

const (
	offlineGiven   offline = "given"   // announced, and leads to a refresh token
	offlineUnknown offline = "unknown" // neither announced nor heeded, so there are no refresh tokens
	offlineRefused offline = "refused" // announced, but a sign-in that asks for it is answered invalid_scope
)

func defaults(redirects []string) settings {
	return settings{AccessTokenSeconds: 300, RefreshRotation: true, OfflineAccess: offlineGiven, RedirectURIs: append([]string{}, redirects...)}
}

func (s settings) accessLife() time.Duration {
	return time.Duration(s.AccessTokenSeconds) * time.Second
}

// skewed is a time as the provider's clock shows it.
func (s settings) skewed(t time.Time) int64 {
	return t.Add(time.Duration(s.ClockSkewSeconds) * time.Second).Unix()
}

package token

import (
	"cmp"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

var (
	// ErrInvalid is what every [InvalidError] is.
	ErrInvalid = errors.New("token: invalid")
	// ErrDenied is what every [DeniedError] is.
	ErrDenied = errors.New("token: denied")
	// ErrUnavailable is what every [UnavailableError] is.
	ErrUnavailable = errors.New("token: the issuer's keys are unavailable")
)

// Reason says why a token was refused, in words that may be shown to whoever sent it: fixed text,
// without quotes or backslashes, so that it fits an error_description (RFC 6750 §3).
type Reason string

// The reasons.
const (
	ReasonMalformed  Reason = "the access token is not a signed JWT in compact form"
	ReasonAlgorithm  Reason = "the access token is signed with an algorithm that is not allowed"
	ReasonUnsigned   Reason = "the access token is not signed (alg none)"
	ReasonSymmetric  Reason = "the access token is signed with a shared secret (HS256 and the like), and only public keys are taken"
	ReasonType       Reason = "the token is not an access token"
	ReasonTokenUse   Reason = "the token does not say that it is an access token (token_use)"
	ReasonCritical   Reason = "the access token demands an extension that is not supported"
	ReasonClaims     Reason = "the access token lacks a claim or has one in a wrong form"
	ReasonScope      Reason = "the access token lists its scopes in a form that cannot be read"
	ReasonBound      Reason = "the access token is bound to a key of its client, which is not supported"
	ReasonIssuer     Reason = "the access token was issued by another issuer"
	ReasonTenant     Reason = "the issuer of the access token is not that of its tenant (tid)"
	ReasonAudience   Reason = "the access token was issued for another resource"
	ReasonNoAudience Reason = "the access token does not say for which resource it was issued (aud)"
	ReasonClient     Reason = "the access token was issued to a client that is not admitted"
	ReasonSubject    Reason = "the access token names no usable subject"
	ReasonExpired    Reason = "the access token has expired"
	ReasonNotYet     Reason = "the access token is not valid yet"
	ReasonSignature  Reason = "the signature of the access token does not verify"
	ReasonKey        Reason = "the key that signed the access token must not sign access tokens"
	ReasonKeyIssuer  Reason = "the key that signed the access token belongs to another issuer or tenant"
)

// InvalidError says that a token is no good and will not become good.
type InvalidError struct {
	Reason Reason
	detail string // for operators: what was expected, and what was found if it is harmless
}

func invalid(r Reason) error { return &InvalidError{Reason: r} }

func (e *InvalidError) Error() string { return "token: " + string(e.Reason) }

// Is makes every InvalidError an [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Unwrap gives the answer to whoever sent the token: its reason.
func (e *InvalidError) Unwrap() error {
	return &fault.Error{Kind: fault.InvalidToken, Public: string(e.Reason)}
}

// LogReason is the reason with what was expected and found. It is for operators' logs only.
func (e *InvalidError) LogReason() string {
	if e.detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.detail
}

// DeniedError says that a token is good and that whom it was issued to may not come in all the
// same. Another token would not help.
type DeniedError struct{ why error }

func (e *DeniedError) Error() string { return "token: " + deniedText }

// Is makes every DeniedError an [ErrDenied].
func (e *DeniedError) Is(target error) bool { return target == ErrDenied }

// deniedText is for whoever sent the token.
const deniedText = "whom the access token was issued to may not use this server; ask its operator for access"

// Unwrap gives the answer to whoever sent the token, and what [ExternalOptions.Allow] said, for
// operators.
func (e *DeniedError) Unwrap() error {
	return &fault.Error{Kind: fault.Denied, Public: deniedText, Cause: e.why}
}

// LogReason is what the rules said, if they say it in words for operators' logs.
func (e *DeniedError) LogReason() string { return cmp.Or(fault.LogReason(e.why), deniedText) }

// UnavailableError says that a token could not be judged, since the issuer's keys are not to be
// had. Its text is for operators.
type UnavailableError struct {
	after time.Duration
	err   error
}

func (e *UnavailableError) Error() string {
	return "token: the issuer's keys are unavailable: " + e.err.Error()
}

// Is makes every UnavailableError an [ErrUnavailable].
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// Unwrap says when the keys may be there again, and why they are not.
func (e *UnavailableError) Unwrap() error {
	return &fault.Error{Kind: fault.Unavailable, RetryAfter: max(e.after, time.Second), Cause: e.err}
}

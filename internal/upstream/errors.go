package upstream

import (
	"errors"
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

var (
	// ErrDenied says that the person or the provider said no. The error has a LogReason.
	ErrDenied = identity.ErrDenied
	// ErrNotAllowed says that the person is known and may not sign in here.
	ErrNotAllowed = identity.ErrNotAllowed
	// ErrUnavailable says that the provider or the store cannot be asked now; the same may be tried
	// again.
	ErrUnavailable = identity.ErrUnavailable
	// ErrUnreadable says that what is kept of a sign-in, or of a person's key, is there and cannot
	// be read. It is an [ErrUnavailable]: what it says is unknown, and unknown ends nobody's login.
	ErrUnreadable error = unreadable{}
	// ErrLapsed says that for too long nobody could tell whether the person may still come in.
	ErrLapsed = fmt.Errorf("%w: it has been unknown for too long whether this person may come in", identity.ErrSignInOver)
	// ErrBeginAgain says that the provider refused a scope that is asked for if it can be had: the
	// next [Provider.Begin] leaves it out. [Provider.Finish] does not say so twice of one sign-in.
	ErrBeginAgain = identity.ErrBeginAgain
	// ErrGrantOver says that what the person's calls were made with has ended: the person has to
	// sign in again. It is a [clerkapi.ErrNoCredential] too.
	ErrGrantOver error = &fault.Error{
		Kind: fault.NoCredential, Public: "The sign-in has ended at the identity provider: the user has to sign in again.",
		Cause: fmt.Errorf("%w: %w", identity.ErrSignInOver, clerkapi.ErrNoCredential),
	}

	// errInvalidGrant is the provider's word about a code, a refresh token or a token to exchange
	// (RFC 6749 §5.2).
	errInvalidGrant = errors.New("upstream: the provider says invalid_grant")
	// errInvalidRequest may be its word about a token to exchange (RFC 8693 §2.2.2), or about
	// anything else.
	errInvalidRequest = errors.New("upstream: the provider says invalid_request")
	// errStopping says that this process asks nothing any more.
	errStopping = fmt.Errorf("%w: this replica stops", ErrUnavailable)
	// errMissing says that nothing is kept of a sign-in.
	errMissing = errors.New("upstream: nothing is kept of the sign-in")
)

type unreadable struct{}

func (unreadable) Error() string {
	return "upstream: what is kept of the sign-in, or of the key, cannot be read: it was sealed with another secret or by a later version"
}

// Is makes it an [ErrUnavailable].
func (unreadable) Is(target error) bool { return target == ErrUnavailable }

// noError is an [ErrGrantOver] that the provider, or the rules with what it said, have just
// decided.
type noError struct {
	reason string
	// why is what the rules said, nil if they did not decide it.
	why error
}

func (e *noError) Error() string { return "upstream: the person may not come in any more: " + e.reason }

func (e *noError) Unwrap() error { return ErrGrantOver }

// What a no is for: fixed words for logs.
const (
	noInvalidGrant   = "invalid_grant"
	noRefreshToken   = "no_refresh_token"
	noUserInfo       = "user_info"
	noRules          = "rules"
	noAnotherSubject = "another_subject"
)

func no(reason string) error { return &noError{reason: reason} }

// noByRules is a no of the rules, with what they say of an [ErrNotAllowed].
func noByRules(err error) error { return &noError{noRules, errors.Unwrap(err)} }

// notAllowed is an [ErrNotAllowed] with what the rules say, such as an [identity.Refusal].
type notAllowed struct{ why error }

func (notAllowed) Error() string { return ErrNotAllowed.Error() }

// Is makes it an [ErrNotAllowed].
func (notAllowed) Is(target error) bool { return target == ErrNotAllowed }

func (e notAllowed) Unwrap() error { return e.why }

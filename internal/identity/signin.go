package identity

import (
	"errors"
	"time"
)

// What comes of signing somebody in at an identity provider, and of asking later whether they may
// still come in.
var (
	// ErrDenied says that the person or the provider said no.
	ErrDenied = errors.New("identity: the sign-in was denied")
	// ErrNotAllowed says that the person is known and may not sign in here.
	ErrNotAllowed = errors.New("identity: this person may not sign in here")
	// ErrSignInOver says that the sign-in has ended at the provider, or that for too long nobody
	// could tell whether it has.
	ErrSignInOver = errors.New("identity: the sign-in has ended")
	// ErrBeginAgain says that this sign-in came to nothing and that the same may succeed if it
	// begins again. A sign-in that began for this reason must not fail with it again.
	ErrBeginAgain = errors.New("identity: the sign-in must begin again")
	// ErrUnavailable says that the provider, or the store behind it, cannot be asked now; the same
	// may be tried again.
	ErrUnavailable = errors.New("identity: the identity provider is unavailable")
)

// What a key of a person's own is refused with.
var (
	// ErrKeyMalformed says that a text is not a key: it is empty, too long, or has a character that
	// no key has.
	ErrKeyMalformed = errors.New("identity: not a key")
	// ErrKeyRefused says that the key is not accepted where it is meant for.
	ErrKeyRefused = errors.New("identity: the key is not accepted")
	// ErrKeyUntested says that the key could not be tested, and so was not kept.
	ErrKeyUntested = errors.New("identity: the key cannot be tested now")
	// ErrKeyExists says that there is another key that the person did not agree to replace, or
	// remove.
	ErrKeyExists = errors.New("identity: another key is linked")
)

// Link is what may be shown of a person's own key to that person.
type Link struct {
	// ID names the key; "" if there is none.
	ID string
	// Hint is the end of the key, "" if that would give too much of it away.
	Hint string
	// Since is when it was linked.
	Since time.Time
	// Refused says that it is not accepted any more.
	Refused bool
	// Unreadable says that it is there and cannot be opened: it was sealed with a secret that is
	// not known here, or by a later release. Its owner may replace it or wait.
	Unreadable bool
}

// Usable reports whether calls can be made with the key.
func (l Link) Usable() bool { return l.ID != "" && !l.Refused && !l.Unreadable }

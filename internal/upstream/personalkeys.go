package upstream

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// What [PersonalKeys.Keep] refuses. Any other error is [ErrUnavailable].
var (
	ErrKeyMalformed = identity.ErrKeyMalformed
	ErrKeyRefused   = identity.ErrKeyRefused
	ErrKeyUntested  = identity.ErrKeyUntested
	ErrKeyExists    = identity.ErrKeyExists
)

// removed is in the place of a key until that is gone.
var removed = []byte{0}

// errKeyStands says that the REST API accepts a key, but not for what was called.
var errKeyStands = errors.New("upstream: the REST API accepts the key")

// What a call without a usable key ends with. Both are an [ErrGrantOver]: the next sign-in asks for
// a key.
var (
	errNoKey error = &fault.Error{
		Kind: fault.NoCredential, Cause: fmt.Errorf("upstream: no key is linked: %w", ErrGrantOver),
		Public: "No Clerk Chat API key is linked to this user: the user has to sign in again, and is asked for one then.",
	}
	errKeyRefused error = &fault.Error{
		Kind: fault.NoCredential, Cause: fmt.Errorf("upstream: the linked key was refused: %w", ErrGrantOver),
		Public: "Clerk Chat no longer accepts the API key that is linked to this user: the user has to sign in again, and is asked for another one then.",
	}
)

const (
	// keyLife is how long a key is kept after a sign-in: longer than any grant lives without one.
	keyLife   = 400 * 24 * time.Hour
	maxKey    = 512
	maxHint   = 4
	minHinted = 16 // shorter keys are not hinted at: what is left would be too little of a secret
	testLimit = 15 * time.Second
)

// LinkSealer seals keys. Current tells whether a value that opens need not be sealed again: there
// are several secrets while one takes the place of another.
type LinkSealer interface {
	session.Sealer
	Current(sealed []byte) bool
}

// LinkedOptions configure a [PersonalKeys]. All but Now are required.
type LinkedOptions struct {
	// Records has sealed values, under names of [LinkName].
	Records session.Values
	// Sealer must be bound to a purpose of its own.
	Sealer LinkSealer
	// Try makes one read at the REST API that changes nothing. Its errors are those of clerkapi.
	Try func(ctx context.Context, c clerkapi.Credential) error
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// PersonalKeys is each person's own key of the REST API, which they gave after signing in. It
// belongs to the person and not to a grant: whoever signs in with another client is not asked
// again. It may be used by many goroutines at once.
type PersonalKeys struct {
	opts  LinkedOptions
	known *lru.Cache[string, *link] // by subject: what the store last said
}

// link is what is kept of a person's key: secret, and sealed.
type link struct {
	// ID is another one for each key.
	ID    string    `json:"id"`
	Key   string    `json:"key"`
	Since time.Time `json:"since"`
	// Refused says that the API did not accept it when it was used last.
	Refused bool `json:"refused,omitempty"`
}

// Link is what may be shown of a person's key to that person. Its ID names the key towards
// [PersonalKeys.Keep].
type Link = identity.Link

// NewPersonalKeys names every option that is missing.
func NewPersonalKeys(opts LinkedOptions) (*PersonalKeys, error) {
	if opts.Records == nil || opts.Sealer == nil || opts.Try == nil {
		return nil, errors.New("upstream: linked keys need records, a sealer and a way to try a key")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &PersonalKeys{opts: opts, known: newRecent[*link]()}, nil
}

// Credential is the person's key. Errors are [ErrGrantOver], [ErrUnavailable] and [ErrUnreadable].
func (l *PersonalKeys) Credential(ctx context.Context, subject string) (clerkapi.Credential, error) {
	raw, k, err := l.load(ctx, subject)
	if err != nil {
		if k, _ = l.known.Get(subject); k == nil {
			return clerkapi.Credential{}, err
		}
	}
	if err == nil && k != nil && !l.opts.Sealer.Current(raw) {
		// Else whoever never signs in again would lose it with the secret. If it fails the next
		// call does it.
		_, _ = l.write(ctx, subject, raw, k)
	}
	switch {
	case k == nil:
		return clerkapi.Credential{}, errNoKey
	case k.Refused:
		return clerkapi.Credential{}, errKeyRefused
	}
	return clerkapi.APIKey(k.Key), nil
}

// Renewed is asked after the REST API refused a credential with 401: it gives the key that has
// taken its place meanwhile. Else the same key is tried once more: only one that is refused again
// has to be asked for at the next sign-in, and not one that may merely not do what was called.
// Errors are [ErrGrantOver], [ErrUnavailable] and, for a key that stands, another.
func (l *PersonalKeys) Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error) {
	raw, k, err := l.load(ctx, subject)
	switch {
	case err != nil:
		return clerkapi.Credential{}, err
	case k == nil:
		return clerkapi.Credential{}, errNoKey
	case k.Refused:
		return clerkapi.Credential{}, errKeyRefused
	case clerkapi.APIKey(k.Key) != refused:
		return clerkapi.APIKey(k.Key), nil
	}
	switch err := l.try(ctx, k.Key); {
	case err == nil:
		return clerkapi.Credential{}, errKeyStands
	case !errors.Is(err, ErrKeyRefused):
		return clerkapi.Credential{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	marked := *k
	marked.Refused = true
	// If somebody else wrote meanwhile, theirs counts, and this key is refused again where it is
	// used again.
	if _, err := l.write(ctx, subject, raw, &marked); err != nil {
		return clerkapi.Credential{}, err
	}
	return clerkapi.Credential{}, errKeyRefused
}

// Find tells what is known of a person's key, for that person. The only error is [ErrUnavailable].
func (l *PersonalKeys) Find(ctx context.Context, subject string) (Link, error) {
	raw, k, err := l.load(ctx, subject)
	return found(raw, k, err)
}

// found is what load found, for who may replace it.
func found(raw []byte, k *link, err error) (Link, error) {
	switch {
	case errors.Is(err, ErrUnreadable):
		return Link{ID: sealedID(raw), Unreadable: true}, nil
	case err != nil || k == nil:
		return Link{}, err
	}
	return k.shown(), nil
}

// sealedID names what does not open.
func sealedID(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sealed-" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Check is Find for a person who signs in. A key that was refused is tried once more, so that an
// API that erred for a while costs nobody a key. A usable one is kept for another while. The only
// error is [ErrUnavailable].
func (l *PersonalKeys) Check(ctx context.Context, subject string) (Link, error) {
	raw, k, err := l.load(ctx, subject)
	if err != nil || k == nil {
		return found(raw, k, err)
	}
	if k.Refused {
		switch err := l.try(ctx, k.Key); {
		case errors.Is(err, ErrKeyRefused):
			return k.shown(), nil
		case err != nil:
			return Link{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	current := *k
	current.Refused = false
	// Sealed again, so with the newest secret. Whoever wrote meanwhile has done the same.
	if _, err := l.write(ctx, subject, raw, &current); err != nil {
		return Link{}, err
	}
	return current.shown(), nil
}

// Keep tests a key with one read and keeps it for the person. If another one is there, replaces
// must be its id: the person was shown that one and agreed. Errors are [ErrKeyMalformed],
// [ErrKeyRefused], [ErrKeyUntested], [ErrKeyExists] and [ErrUnavailable]; after any of them what
// was kept before still is.
func (l *PersonalKeys) Keep(ctx context.Context, subject, key, replaces string) error {
	key = strings.TrimSpace(key)
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ErrKeyMalformed
	}
	tested := false
	for range 3 { // another replica may write meanwhile
		raw, old, err := l.load(ctx, subject)
		switch {
		case errors.Is(err, ErrUnreadable):
			if replaces != sealedID(raw) {
				return ErrKeyExists
			}
		case err != nil:
			return err
		case old != nil && old.Key != key && old.ID != replaces:
			return ErrKeyExists
		}
		if !tested {
			if err := l.try(ctx, key); err != nil {
				return err
			}
			tested = true
		}
		kept := &link{ID: rand.Text(), Key: key, Since: l.opts.Now().UTC().Truncate(time.Second)}
		if old != nil && old.Key == key {
			kept.ID, kept.Since = old.ID, old.Since
		}
		if done, err := l.write(ctx, subject, raw, kept); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the key is written all the time", ErrUnavailable)
}

// Remove forgets a person's key, which id must name: the person was shown that one. That there is
// none any more is as good. Errors are [ErrKeyExists], for another key than the one named, and
// [ErrUnavailable].
func (l *PersonalKeys) Remove(ctx context.Context, subject, id string) error {
	for range 3 { // another replica may write meanwhile
		raw, old, err := l.load(ctx, subject)
		switch there, err := found(raw, old, err); {
		case err != nil:
			return err
		case there.ID == "":
			return nil
		case there.ID != id:
			return ErrKeyExists
		}
		done, err := l.opts.Records.CompareAndSwap(ctx, LinkName(subject), raw, removed, time.Millisecond)
		if err != nil {
			return fmt.Errorf("%w: the store does not forget the key", ErrUnavailable)
		}
		if done {
			l.known.Remove(subject)
			return nil
		}
	}
	return fmt.Errorf("%w: the key is written all the time", ErrUnavailable)
}

// try makes the one read. Whatever does not speak of the key keeps nothing.
func (l *PersonalKeys) try(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	switch err := l.opts.Try(ctx, clerkapi.APIKey(key)); {
	case err == nil:
		return nil
	case errors.Is(err, clerkapi.ErrUnauthorized), errors.Is(err, clerkapi.ErrForbidden):
		return ErrKeyRefused
	}
	return ErrKeyUntested // the cause may quote what the API said
}

// load gives what is stored of a person's key, and that as it is stored. A value that does not open
// is not a missing one: [ErrUnreadable].
func (l *PersonalKeys) load(ctx context.Context, subject string) (raw []byte, k *link, err error) {
	name := LinkName(subject)
	raw, found, err := l.opts.Records.Get(ctx, name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the store does not answer", ErrUnavailable)
	}
	if !found {
		l.known.Remove(subject)
		return nil, nil, nil
	}
	if bytes.Equal(raw, removed) {
		l.known.Remove(subject)
		return raw, nil, nil // it can be replaced
	}
	data, err := l.opts.Sealer.Open(raw, linkAAD(name))
	k = &link{}
	if err != nil || json.Unmarshal(data, k) != nil || k.Key == "" || k.ID == "" {
		l.known.Remove(subject) // it may be another one by now
		return raw, nil, ErrUnreadable
	}
	l.known.Add(subject, k)
	return raw, k, nil
}

// write puts a key where raw was, nil for nothing, and tells whether that was still so.
func (l *PersonalKeys) write(ctx context.Context, subject string, raw []byte, k *link) (done bool, err error) {
	data, err := json.Marshal(k)
	if err != nil { // strings, a time and a bool
		return false, fmt.Errorf("%w: the key cannot be written", ErrUnavailable)
	}
	name := LinkName(subject)
	sealed := l.opts.Sealer.Seal(data, linkAAD(name))
	if raw == nil {
		done, err = l.opts.Records.SetNX(ctx, name, sealed, keyLife)
	} else {
		done, err = l.opts.Records.CompareAndSwap(ctx, name, raw, sealed, keyLife)
	}
	if err != nil {
		return false, fmt.Errorf("%w: the store does not take the key", ErrUnavailable)
	}
	if done {
		l.known.Add(subject, k)
	}
	return done, nil
}

// LinkName is the name under which a person's key is kept. It is not keyed: a secret that rotates
// must not lose one.
func LinkName(subject string) string {
	sum := sha256.Sum256([]byte("linked key\x00" + subject))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func linkAAD(name string) []byte { return []byte("linked key\x00" + name) }

func (k *link) shown() Link {
	shown := Link{ID: k.ID, Since: k.Since, Refused: k.Refused}
	if len(k.Key) >= minHinted {
		shown.Hint = k.Key[len(k.Key)-maxHint:]
	}
	return shown
}

package grant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// State is what operators see of a grant's state.
type State string

const (
	// Waits is a grant whose code was not redeemed yet.
	Waits State = "waits"
	// Live is one that stands.
	Live State = "live"
	// Ended is one that was revoked. Only the mark is left, for as long as an access token could
	// be.
	Ended State = "ended"
	// Unreadable is one that was sealed with a secret that is not given, or that another release
	// wrote. It may stand.
	Unreadable State = "unreadable"
)

// ErrAmbiguous says that the beginning of an id fits several grants.
var ErrAmbiguous = errors.New("several grants fit; give more of the id")

// Entry is a grant as operators see it.
type Entry struct {
	// Grant has but its ID if it is ended or unreadable.
	Grant
	State State
	// Person tells people apart as [session.Entry].Subject does: twelve hexadecimal digits, "" if
	// it is not known whose it is.
	Person string
	// Client are twelve hexadecimal digits of the SHA-256 of the client's id, "" if that is not
	// known.
	Client string

	persons []string // Person under each of the secrets
}

// Is tells whether a grant is a person's: by the digits of Person, a subject to the letter, or an
// e-mail address.
func (e *Entry) Is(person string) bool {
	if e.Subject == "" || person == "" {
		return false
	}
	return person == e.Subject || e.Email != "" && strings.EqualFold(person, e.Email) || slices.Contains(e.persons, strings.ToLower(person))
}

// IsOf tells whether a grant is a client's: by its id, its name, or the digits of Client.
func (e *Entry) IsOf(client string) bool {
	if e.ClientID == "" || client == "" {
		return false
	}
	return client == e.ClientID || e.ClientName != "" && strings.EqualFold(client, e.ClientName) || strings.EqualFold(client, e.Client)
}

// Entries gives all grants whose id begins with prefix, in no order, ended and unreadable ones
// included. The store is walked in small steps while the sequence is read. An error, which wraps
// ErrUnavailable, ends the sequence.
func (g *Grants) Entries(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		seen := map[string]struct{}{}
		for r, err := range g.opts.Records.Scan(ctx, prefix) {
			if err != nil {
				yield(Entry{}, unavailable(err))
				return
			}
			if _, twice := seen[r.Name]; twice || !IsID(r.Name) { // under another name there is no grant to anybody
				continue
			}
			seen[r.Name] = struct{}{}
			if !yield(g.entry(r), nil) {
				return
			}
		}
	}
}

// Entry gives the grant whose id begins with ref, of which there must be one. Its errors are a ref
// that is too short or no id, ErrNoGrant, ErrAmbiguous and ErrUnavailable.
func (g *Grants) Entry(ctx context.Context, ref string) (Entry, error) {
	if err := checkGrantRef(ref); err != nil {
		return Entry{}, err
	}
	var one Entry
	for e, err := range g.Entries(ctx, ref) {
		switch {
		case err != nil:
			return Entry{}, err
		case one.ID != "":
			return Entry{}, ErrAmbiguous
		}
		one = e
	}
	if one.ID == "" {
		return Entry{}, ErrNoGrant
	}
	return one, nil
}

// entry reads a record for operators.
func (g *Grants) entry(r session.Record) Entry {
	if isRevoked(r.Value) {
		return Entry{Grant: Grant{ID: r.Name}, State: Ended}
	}
	s, ok := g.decode(r.Name, r.Value)
	if !ok {
		return Entry{Grant: Grant{ID: r.Name}, State: Unreadable}
	}
	e := Entry{Grant: s.Grant, State: Live, Client: ClientDigest(s.Grant.ClientID)}
	if s.state == grantAsked {
		e.State = Waits
	}
	if g.opts.PersonDigests != nil {
		for _, sum := range g.opts.PersonDigests([]byte(s.Grant.Subject)) {
			e.persons = append(e.persons, hex.EncodeToString(sum[:session.SubjectDigest]))
		}
		e.Person = e.persons[0]
	}
	return e
}

// ClientDigest is how operators see a client's id, which may have thousands of characters.
func ClientDigest(clientID string) string {
	sum := sha256.Sum256([]byte(clientID))
	return hex.EncodeToString(sum[:session.SubjectDigest])
}

func checkGrantRef(ref string) error {
	length := encoding.EncodedLen(grantIDSize)
	if len(ref) < session.MinRefLength || len(ref) > length {
		return fmt.Errorf("grant: a grant's id has %d characters, of which the first %d to %d name it", length, session.MinRefLength, length)
	}
	if !session.IsName(ref) {
		return errors.New("grant: a grant's id has only letters, digits, - and _")
	}
	return nil
}

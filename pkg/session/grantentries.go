package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// GrantState is what operators see of a grant's state.
type GrantState string

const (
	// GrantWaits is a grant whose code was not redeemed yet.
	GrantWaits GrantState = "waits"
	// GrantLive is one that stands.
	GrantLive GrantState = "live"
	// GrantEnded is one that was revoked. Only the mark is left, for as long as an access token could be.
	GrantEnded GrantState = "ended"
	// GrantUnreadable is one that was sealed with a secret that is not given, or that another release wrote. It may stand.
	GrantUnreadable GrantState = "unreadable"
)

// ErrGrantAmbiguous says that the beginning of an id fits several grants.
var ErrGrantAmbiguous = errors.New("several grants fit; give more of the id")

// GrantEntry is a grant as operators see it.
type GrantEntry struct {
	// Grant has but its ID if it is ended or unreadable.
	Grant
	State GrantState
	// Person tells people apart as [Entry.Subject] does: twelve hexadecimal digits, "" if it is not known whose it is.
	Person string
	// Client are twelve hexadecimal digits of the SHA-256 of the client's id, "" if that is not known.
	Client string

	persons []string // Person under each of the secrets
}

// Is tells whether a grant is a person's: by the digits of Person, a subject to the letter, or an e-mail address.
func (e *GrantEntry) Is(person string) bool {
	if e.Subject == "" || person == "" {
		return false
	}
	return person == e.Subject || e.Email != "" && strings.EqualFold(person, e.Email) || slices.Contains(e.persons, strings.ToLower(person))
}

// IsOf tells whether a grant is a client's: by its id, its name, or the digits of Client.
func (e *GrantEntry) IsOf(client string) bool {
	if e.ClientID == "" || client == "" {
		return false
	}
	return client == e.ClientID || e.ClientName != "" && strings.EqualFold(client, e.ClientName) || strings.EqualFold(client, e.Client)
}

// Entries gives all grants whose id begins with prefix, in no order, ended and unreadable ones included. The store is walked
// in small steps while the sequence is read. An error, which wraps ErrUnavailable, ends the sequence.
func (g *Grants) Entries(ctx context.Context, prefix string) iter.Seq2[GrantEntry, error] {
	return func(yield func(GrantEntry, error) bool) {
		seen := map[string]struct{}{}
		for r, err := range g.opts.Records.Scan(ctx, prefix) {
			if err != nil {
				yield(GrantEntry{}, unavailable(err))
				return
			}
			if _, twice := seen[r.Name]; twice || !IsGrantID(r.Name) { // under another name there is no grant to anybody
				continue
			}
			seen[r.Name] = struct{}{}
			if !yield(g.entry(r), nil) {
				return
			}
		}
	}
}

// Entry gives the grant whose id begins with ref, of which there must be one. Its errors are a ref that is too short or no id,
// ErrNoGrant, ErrGrantAmbiguous and ErrUnavailable.
func (g *Grants) Entry(ctx context.Context, ref string) (GrantEntry, error) {
	if err := checkGrantRef(ref); err != nil {
		return GrantEntry{}, err
	}
	var one GrantEntry
	for e, err := range g.Entries(ctx, ref) {
		switch {
		case err != nil:
			return GrantEntry{}, err
		case one.ID != "":
			return GrantEntry{}, ErrGrantAmbiguous
		}
		one = e
	}
	if one.ID == "" {
		return GrantEntry{}, ErrNoGrant
	}
	return one, nil
}

// entry reads a record for operators.
func (g *Grants) entry(r Record) GrantEntry {
	if isRevoked(r.Value) {
		return GrantEntry{Grant: Grant{ID: r.Name}, State: GrantEnded}
	}
	s, ok := g.decode(r.Name, r.Value)
	if !ok {
		return GrantEntry{Grant: Grant{ID: r.Name}, State: GrantUnreadable}
	}
	e := GrantEntry{Grant: s.Grant, State: GrantLive, Client: ClientDigest(s.Grant.ClientID)}
	if s.state == grantAsked {
		e.State = GrantWaits
	}
	if g.opts.PersonDigests != nil {
		for _, sum := range g.opts.PersonDigests([]byte(s.Grant.Subject)) {
			e.persons = append(e.persons, hex.EncodeToString(sum[:hintLength]))
		}
		e.Person = e.persons[0]
	}
	return e
}

// ClientDigest is how operators see a client's id, which may have thousands of characters.
func ClientDigest(clientID string) string {
	sum := sha256.Sum256([]byte(clientID))
	return hex.EncodeToString(sum[:hintLength])
}

func checkGrantRef(ref string) error {
	length := encoding.EncodedLen(grantIDSize)
	if len(ref) < MinRefLength || len(ref) > length {
		return fmt.Errorf("session: a grant's id has %d characters, of which the first %d to %d name it", length, MinRefLength, length)
	}
	if !isRef(ref) {
		return errors.New("session: a grant's id has only letters, digits, - and _")
	}
	return nil
}

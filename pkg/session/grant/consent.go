package grant

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// consentLife is how long an approval is remembered after it was given last.
const consentLife = 90 * 24 * time.Hour

// Consents remember what people approved, so that a client that can be identified need not ask the
// same again.
type Consents struct {
	records session.Records
	sealer  session.Sealer
}

// NewConsents makes consents. The sealer must be bound to a purpose of its own.
func NewConsents(records session.Records, sealer session.Sealer) *Consents {
	return &Consents{records: records, sealer: sealer}
}

func consentName(subject, clientID, redirectURI string) string {
	data, _ := json.Marshal([]string{subject, ClientRef(clientID), redirectURI}) // strings only
	sum := sha256.Sum256(data)
	return encoding.EncodeToString(sum[:16])
}

// Remember keeps that a person approved scopes for exactly this client and redirect, instead of
// what was approved before. The only error is ErrUnavailable.
func (c *Consents) Remember(ctx context.Context, subject, clientID, redirectURI string, scopes []string) error {
	name := consentName(subject, clientID, redirectURI)
	data, err := json.Marshal(scopes)
	if err != nil {
		return err
	}
	if _, _, err := c.records.GetSet(ctx, name, c.sealer.Seal(data, []byte("consent\x00"+name)), consentLife); err != nil {
		return unavailable(err)
	}
	return nil
}

// Covers tells whether a person approved at least these scopes for exactly this client and
// redirect. The only error is ErrUnavailable.
func (c *Consents) Covers(ctx context.Context, subject, clientID, redirectURI string, scopes []string) (bool, error) {
	name := consentName(subject, clientID, redirectURI)
	raw, found, err := c.records.Get(ctx, name)
	if err != nil {
		return false, unavailable(err)
	}
	if !found {
		return false, nil
	}
	var approved []string
	data, err := c.sealer.Open(raw, []byte("consent\x00"+name))
	if err != nil || json.Unmarshal(data, &approved) != nil {
		return false, nil //nolint:nilerr // what does not open is not an approval
	}
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(approved, s) }), nil
}

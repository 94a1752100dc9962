package token

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// maxSubject is the longest subject in bytes (OpenID Connect Core §2, sub).
const maxSubject = 255

// maxDate is the last second of the year 9999. A later date is a mistake, and far later ones overflow.
const maxDate = 253402300799

// claims are the claims of a token that count here.
type claims struct {
	issuer, subject, clientID string
	audience, scopes          []string
	expires                   time.Time
	notBefore, issued         time.Time // zero if absent
}

// claimNames say which claims carry what deployments differ in.
type claimNames struct {
	subject, scope string
}

// parse reads the claims of a payload and refuses what is missing or has a wrong form; it compares nothing.
func (n claimNames) parse(payload []byte) (*claims, error) {
	var all map[string]json.RawMessage
	// RFC 7519 §4: duplicate names are refused, by this decoder. Broken UTF-8 would be replaced and make two subjects one.
	if !utf8.Valid(payload) || json.Unmarshal(payload, &all) != nil || all == nil {
		return nil, invalid(ReasonClaims)
	}
	c := &claims{}
	var ok bool
	if c.issuer, ok = text(all["iss"]); !ok {
		return nil, invalid(ReasonIssuer)
	}
	if c.subject, ok = text(all[n.subject]); !ok || !usableSubject(c.subject) {
		return nil, invalid(ReasonSubject)
	}
	if c.audience, ok = texts(all["aud"]); !ok {
		return nil, invalid(ReasonAudience)
	}
	if _, bound := all["cnf"]; bound { // RFC 7800 §3.1: whoever presents it must prove a key, which we cannot check
		return nil, invalid(ReasonBound)
	}
	if c.expires, ok = date(all["exp"], math.Floor); !ok || c.expires.IsZero() {
		return nil, invalid(ReasonClaims)
	}
	var okNotBefore, okIssued, okScope bool
	c.notBefore, okNotBefore = date(all["nbf"], math.Ceil)
	c.issued, okIssued = date(all["iat"], math.Ceil)
	c.scopes, okScope = scopes(all[n.scope])
	if !okNotBefore || !okIssued || !okScope {
		return nil, invalid(ReasonClaims)
	}
	for _, name := range []string{"client_id", "azp"} { // RFC 9068 §2.2; OpenID Connect Core §2
		if id, ok := text(all[name]); ok && usableSubject(id) {
			c.clientID = id
			break
		}
	}
	return c, nil
}

// checkTime holds the claims to a clock that may be off by the leeway (RFC 7519 §4.1.4 to §4.1.6).
func (c *claims) checkTime(now time.Time, leeway time.Duration) error {
	switch {
	case !now.Before(c.expires.Add(leeway)):
		return invalid(ReasonExpired)
	case now.Add(leeway).Before(c.notBefore), now.Add(leeway).Before(c.issued):
		return invalid(ReasonNotYet)
	}
	return nil
}

// usableSubject refuses what is no name for somebody: nothing, too much, control characters, and the replacement
// character, which stands for a lone surrogate in the JSON and would make two subjects one.
func usableSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && !strings.ContainsRune(s, utf8.RuneError) &&
		!strings.ContainsFunc(s, unicode.IsControl)
}

// text is a string claim; false if it is absent or anything else.
func text(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// texts is a claim that is one string or an array of them (RFC 7519 §4.1.3).
func texts(raw json.RawMessage) ([]string, bool) {
	if s, ok := text(raw); ok {
		return []string{s}, true
	}
	var elements []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		return nil, false
	}
	values := make([]string, len(elements))
	for i, e := range elements {
		var ok bool
		if values[i], ok = text(e); !ok {
			return nil, false
		}
	}
	return values, true
}

// scopes is a claim that is one string separated by spaces (RFC 8693 §4.2) or an array, of which an element is one scope
// whatever is in it. An absent claim grants nothing.
func scopes(raw json.RawMessage) ([]string, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	if s, ok := text(raw); ok {
		return slices.DeleteFunc(strings.Split(s, " "), func(v string) bool { return v == "" }), true
	}
	return texts(raw)
}

// date is a NumericDate (RFC 7519 §2), which may have a fraction: round says where to. The zero time if it is absent.
func date(raw json.RawMessage, round func(float64) float64) (time.Time, bool) {
	if len(raw) == 0 {
		return time.Time{}, true
	}
	if raw[0] < '0' || raw[0] > '9' { // a string, null, or before 1970
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f > maxDate {
		return time.Time{}, false
	}
	return time.Unix(int64(round(f)), 0), true
}

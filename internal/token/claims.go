package token

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/go-jose/go-jose/v4/json"
)

// maxDate is the last second of the year 9999. A later date is a mistake, and far later ones
// overflow.
const maxDate = 253402300799

// clientClaims name the client that a token was issued to: RFC 9068 §2.2, OpenID Connect Core §2,
// Entra ID's v1, Okta.
func clientClaims() []string { return []string{"client_id", "azp", "appid", "cid"} }

// claims are the claims of a token that count here.
type claims struct {
	issuer, tenant, clientID string
	audience                 []string // nil if absent
	expires                  time.Time
	notBefore, issued        time.Time // zero if absent

	raw map[string]json.RawMessage
}

// parseClaims reads the claims of a payload that every token has, and refuses what is missing or
// has a wrong form; it compares nothing.
func parseClaims(payload []byte) (*claims, error) {
	var all map[string]json.RawMessage
	// RFC 7519 §4: duplicate names are refused, by this decoder. Broken UTF-8 would be replaced and
	// make two subjects one.
	if !utf8.Valid(payload) || nestsDeeper(payload, maxNesting) || json.Unmarshal(payload, &all) != nil || all == nil {
		return nil, invalid(ReasonClaims)
	}
	c := &claims{raw: all}
	var ok bool
	if c.issuer, ok = text(all["iss"]); !ok {
		return nil, invalid(ReasonIssuer)
	}
	c.tenant, _ = text(all["tid"])
	if raw, present := all["aud"]; present {
		if c.audience, ok = texts(raw); !ok {
			return nil, invalid(ReasonAudience)
		}
	}
	if _, bound := all["cnf"]; bound { // RFC 7800 §3.1: whoever presents it must prove a key, which we cannot check
		return nil, invalid(ReasonBound)
	}
	if c.expires, ok = date(all["exp"], math.Floor); !ok || c.expires.IsZero() {
		return nil, invalid(ReasonClaims)
	}
	var okNotBefore, okIssued bool
	c.notBefore, okNotBefore = date(all["nbf"], math.Ceil)
	c.issued, okIssued = date(all["iat"], math.Ceil)
	if !okNotBefore || !okIssued {
		return nil, invalid(ReasonClaims)
	}
	if use, present := all["token_use"]; present { // Amazon Cognito's word for what typ says
		if use, ok := text(use); !ok || use != "access" {
			return nil, invalid(ReasonTokenUse)
		}
	}
	for _, name := range clientClaims() {
		if id, ok := text(all[name]); ok && identity.IsSubject(id) {
			c.clientID = id
			break
		}
	}
	return c, nil
}

// decoded are all claims as JSON decodes into any. The cost of that is only for what is verified.
func decoded(payload []byte) (map[string]any, error) {
	var all map[string]any
	if json.Unmarshal(payload, &all) != nil { // a name twice in an object inside
		return nil, invalid(ReasonClaims)
	}
	return all, nil
}

// subjectOf reads the claim that names somebody.
func subjectOf(all map[string]any, claim string) (string, error) {
	value, _ := identity.Claim(all, claim)
	subject, ok := value.(string)
	if !ok || !identity.IsSubject(subject) {
		return "", &InvalidError{Reason: ReasonSubject, detail: "the claim " + claim + " is looked at"}
	}
	return subject, nil
}

// scopesOf reads the first of the claims that a token has. Those behind it do not count, so that
// what one claim withholds another cannot add. Without any nothing is granted.
func scopesOf(all map[string]any, names []string) ([]string, error) {
	for _, name := range names {
		value, found := identity.Claim(all, name)
		if !found {
			continue
		}
		scopes, ok := scopeValues(value)
		if !ok {
			return nil, &InvalidError{Reason: ReasonScope, detail: "the claim " + name + " is looked at"}
		}
		return scopes, nil
	}
	return nil, nil
}

// scopeValues are what a claim grants that is one string separated by spaces (RFC 8693 §4.2), an
// array, of which an element is one scope whatever is in it, or an object, whose names are roles
// and whose values say where they hold.
func scopeValues(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return slices.DeleteFunc(strings.Split(v, " "), func(s string) bool { return s == "" }), true
	case []any:
		out := make([]string, len(v))
		for i, element := range v {
			var ok bool
			if out[i], ok = element.(string); !ok {
				return nil, false
			}
		}
		return out, true
	case map[string]any:
		var out []string
		for name, where := range v {
			if where != nil && where != false {
				out = append(out, name)
			}
		}
		return out, true
	}
	return nil, false
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

// date is a NumericDate (RFC 7519 §2), which may have a fraction: round says where to. Some issuers
// write its digits as text. The zero time if it is absent.
func date(raw json.RawMessage, round func(float64) float64) (time.Time, bool) {
	if len(raw) == 0 {
		return time.Time{}, true
	}
	number := string(raw)
	if digits, ok := text(raw); ok && !strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		number = digits
	}
	if number == "" || number[0] < '0' || number[0] > '9' { // null, other text, or before 1970
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f > maxDate {
		return time.Time{}, false
	}
	return time.Unix(int64(round(f)), 0), true
}

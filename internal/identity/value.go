package identity

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// exactNumber is how far numbers of JSON decode without loss.
const exactNumber = 1 << 53

// asText is a value as a rule would spell it; readable is false for what no rule can spell.
func asText(value any) (text string, readable bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), math.Abs(v) < exactNumber
	}
	return "", false
}

// asNumber is what asText makes of a number that a rule spells, so that 1.0 is 1; "" if it is not
// one, or not exact.
func asNumber(text string) string {
	var number float64
	if text == "" || !strings.ContainsRune("-0123456789", rune(text[0])) || json.Unmarshal([]byte(text), &number) != nil {
		return ""
	}
	if written, exact := asText(number); exact {
		return written
	}
	return ""
}

// is compares with one value, to the letter: text with text, numbers by what they are.
func (r rule) is(value any) bool {
	text, readable := asText(value)
	if _, isNumber := value.(float64); isNumber {
		return readable && (text == r.value || text == r.number)
	}
	return readable && text == r.value
}

// isAmong compares with a value that may be several: a list of values, or an object that has roles
// as its names.
func (r rule) isAmong(value any) (fits, readable bool) {
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			_, ok := asText(entry)
			readable = readable || ok
		}
		return slices.ContainsFunc(v, r.is), readable || len(v) == 0
	case map[string]any:
		return isHeld(v[r.value]), areRoles(v)
	}
	_, readable = asText(value)
	return r.is(value), readable
}

// isHeld reports whether an object of roles says of a role that the person has it: as Zitadel does,
// by the organizations in which they have it, or by true.
func isHeld(value any) bool {
	inside, isObject := value.(map[string]any)
	return value == true || isObject && len(inside) > 0
}

// areRoles reports whether an object has the form of an object of roles. One that describes a
// single thing, such as a name and an id, has not.
func areRoles(object map[string]any) bool {
	for _, value := range object {
		switch value.(type) {
		case bool, map[string]any, nil:
		default:
			return false
		}
	}
	return true
}

// leftOut reports whether the token says that a claim, or the root of its path, exists elsewhere
// (OpenID Connect Core §5.6.2), or hides whether it does: with more groups than fit, Entra puts a
// reference in their place, and "hasgroups" where there is no room for that.
func leftOut(claims map[string]any, path string) bool {
	for root := path; ; {
		if leftOutRoot(claims, root) {
			return true
		}
		i := strings.LastIndexByte(root, '.')
		if i < 0 {
			return false
		}
		root = root[:i]
	}
}

func leftOutRoot(claims map[string]any, claim string) bool {
	switch names := claims["_claim_names"].(type) {
	case nil:
	case map[string]any:
		if _, named := names[claim]; named {
			return true
		}
	default:
		return true
	}
	if has, there := claims["hasgroups"]; there && claim == claimGroups {
		return has != false && has != "false"
	}
	return false
}

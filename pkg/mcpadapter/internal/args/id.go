package args

import (
	"slices"
	"strings"
)

const maxID = 256

// noIDs are words that stand for many things or for none, and parts of the paths of the REST API.
var noIDs = []string{
	"all", "any", "every", "everything", "default", "none", "null", "nil", "undefined", "unknown", "n-a", "me", "self", "batch", "true", "false",
}

// IDProblem judges an id that the API gave out, "" if it may be one. An id may become a part of a
// path, so what could lead elsewhere is refused, also by whoever decodes a path twice; and since
// nobody can list all of that, what an id may hold is listed instead.
func IDProblem(s, example string) string {
	wanted := ": give it as Clerk Chat shows it, such as " + example
	switch {
	case s == "":
		return "is empty" + wanted
	case len(s) > maxID:
		return "is too long for an id" + wanted
	case isPhoneNumber(s):
		return "is a phone number, and not an id" + wanted
	case strings.ContainsFunc(s, notOfAnID):
		return "holds a character that no id has; letters, digits and -_.:~@=+ may be in one" + wanted
	case strings.Trim(s, ".") == "":
		return "has nothing but dots" + wanted
	case slices.Contains(noIDs, strings.ToLower(s)):
		return "is a word, and not an id" + wanted
	}
	return ""
}

// isPhoneNumber: with a plus, or with separators other than those that ids have. Digits alone may
// be an id.
func isPhoneNumber(s string) bool {
	r := readNumber(unwrap(s))
	return r.shape == shapeNumber && len(r.digits) >= 7 && (r.plus || strings.ContainsAny(s, " ()/"))
}

func notOfAnID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:~@=+", r)
}

package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSubject is the longest name of a subject in bytes.
const MaxSubject = 255

// IsSubject refuses what is not a name for somebody: nothing, too much, control characters, and the
// replacement character, which stands for a lone surrogate in JSON and would make two subjects one.
func IsSubject(s string) bool {
	return s != "" && len(s) <= MaxSubject && !strings.ContainsRune(s, utf8.RuneError) && !strings.ContainsFunc(s, unicode.IsControl)
}

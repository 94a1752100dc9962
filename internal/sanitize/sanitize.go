package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line makes one line of a text, of at most so many bytes: white space becomes single spaces, and
// what cannot be printed, is broken, or turns the direction of what follows, is left out. Of a text
// that is far too long only the beginning is looked at.
func Line(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s[:min(len(s), 4*most)])
	return Cut(strings.Join(strings.Fields(s), " "), most)
}

// Cut gives the beginning of a text, of at most so many bytes and of whole characters.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

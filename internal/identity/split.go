package identity

import (
	"fmt"
	"strings"
)

// part is one of several rules in a text.
type part struct {
	text string
	// quoted says that some of it stood in double quotes.
	quoted bool
}

// split takes a text apart at its commas. A comma counts as part of a rule after a backslash, and
// in double quotes, where everything is taken as it stands, so that a name with backslashes and
// commas of its own can be pasted; two double quotes are one there. Outside of them \" is one.
func split(text string) ([]part, error) {
	var parts []part
	var b strings.Builder
	inQuotes, quoted := false, false
	next := func() {
		parts = append(parts, part{strings.TrimSpace(b.String()), quoted})
		b.Reset()
		quoted = false
	}
	for i := 0; i < len(text); i++ {
		c, following := text[i], byte(0)
		if i+1 < len(text) {
			following = text[i+1]
		}
		switch {
		case inQuotes && c == '"' && following == '"':
			b.WriteByte(c)
			i++
		case c == '"':
			inQuotes, quoted = !inQuotes, true
		case inQuotes:
			b.WriteByte(c)
		case c == '\\' && (following == ',' || following == '"'):
			b.WriteByte(following)
			i++
		case c == '\\' && following != 0:
			b.WriteString(text[i : i+2])
			i++
		case c == ',':
			next()
		default:
			b.WriteByte(c)
		}
	}
	if inQuotes {
		return nil, fmt.Errorf("%s has a double quote that is not closed; close it, or write \\\" for one that belongs to the value", text)
	}
	if strings.TrimSpace(b.String()) != "" {
		next()
	}
	return parts, nil
}

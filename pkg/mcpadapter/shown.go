package mcpadapter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// What is shown to a model is bounded, and what others wrote in it shows what it holds: see shown.

const (
	// maxResult is the most bytes of a structured result: several clients refuse or cut longer
	// ones.
	maxResult = 36_000
	// leastKept is how many entries of a list or object, and a quarter of the bytes of a text, are
	// kept at least. No result has more members of its own, so that what an output schema requires
	// stays.
	leastKept = 24

	shortenedNote = "Parts of this result are left out, as it would be too long."
)

// shown is a result as clients get it. The text says the same as the structure: it is the same
// JSON, or, where not all went well, the note in front of the rest of it.
func (r Result) shown() Result {
	if r.Structured == nil {
		r.Text = escapedText(r.Text)
		return r
	}
	r.Structured = shortened(escapedJSON(r.Structured))
	r.Text = string(r.Structured)
	if r.IsError {
		rest := r
		r.Text = takeNote(&rest) + "\n" + string(rest.Structured)
	}
	return r
}

// isHidden tells whether a character cannot be seen, or makes others be seen elsewhere. Line breaks
// and tabs are not, nor are the joiners that emoji and some scripts are written with.
func isHidden(r rune) bool {
	switch {
	case r == '\n' || r == '\r' || r == '\t', r == '\u200c' || r == '\u200d':
		return false
	case r >= 0xE0100 && r <= 0xE01EF: // variation selectors, which can carry a text
		return true
	}
	return args.IsInvisible(r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// escapedText shows hidden characters as escapes such as \u{202e}.
func escapedText(s string) string {
	if !strings.ContainsFunc(s, isHidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isHidden(r) {
			fmt.Fprintf(&b, `\u{%04x}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapedJSON does the same with the texts in a value.
func escapedJSON(raw json.RawMessage) json.RawMessage {
	if !bytes.Contains(raw, []byte(`\`)) && !bytes.ContainsFunc(raw, isHidden) {
		return raw
	}
	b := make([]byte, 0, len(raw)+64)
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == '\\' {
			r, size = 'x', 2 // an escape of something that can be seen
			switch next := raw[i+1]; next {
			case 'b', 'f':
				r = '\b'
			case 'u':
				size = 6
				var n int32
				if _, err := fmt.Sscanf(string(raw[i+2:i+6]), "%04x", &n); err == nil {
					r = n
				}
			}
		}
		if isHidden(r) {
			b = fmt.Appendf(b, `\\u{%04x}`, r)
		} else {
			b = append(b, raw[i:i+size]...)
		}
		i += size
	}
	return b
}

// shortened is a result within its bound: of the longest texts, lists and objects only the
// beginnings are kept. Results that may be long by right are cut before, and better, by the tools
// that make them.
func shortened(raw json.RawMessage) json.RawMessage {
	if len(raw) <= maxResult || raw[0] != '{' {
		return raw
	}
	r := Result{Structured: raw}
	note := joined([]string{shortenedNote, cut(takeNote(&r), 4_000)})
	for most := 4_096; ; most /= 2 {
		short := withMember("note", note, kept(r.Structured, most))
		if len(short) <= maxResult || most <= leastKept {
			return short
		}
	}
}

// withMember puts a text in front of an object's members.
func withMember(name, value string, object json.RawMessage) json.RawMessage {
	quoted, err := encodeJSON(value)
	if err != nil {
		return object
	}
	b := append([]byte(`{"`+name+`":`), quoted...)
	if len(object) > len("{}") {
		b = append(b, ',')
	}
	return append(b, object[1:]...)
}

// kept is a value of whose texts, lists and objects so much is kept: most entries, and four times
// as many bytes.
func kept(raw json.RawMessage, most int) json.RawMessage {
	switch raw[0] {
	case '"':
		s, _ := args.Unquote(raw)
		if len(s) <= 4*most {
			return raw
		}
		if b, err := encodeJSON(cut(s, 4*most)); err == nil {
			return b
		}
	case '[':
		b := []byte{'['}
		for i, element := range args.Elements(raw) {
			if i == most {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, kept(element, most)...)
		}
		return append(b, ']')
	case '{':
		b := []byte{'{'}
		for i, m := range args.Members(raw, max(most, leastKept)) {
			if i > 0 {
				b = append(b, ',')
			}
			name, err := encodeJSON(cut(m.Name, 4*most))
			if err != nil {
				continue
			}
			b = append(append(append(b, name...), ':'), kept(m.Raw, most)...)
		}
		return append(b, '}')
	}
	return slices.Clone(raw)
}

// cut is the beginning of a text, at most so many bytes of it, with a mark.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

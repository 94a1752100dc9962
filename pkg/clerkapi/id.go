package clerkapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ID is the id of a message, contact, campaign, inbox or team.
//
// The API writes some ids as JSON numbers and some as strings. ID takes both and keeps every digit;
// it is written as a string. The zero value means "none".
type ID string

// UnmarshalJSON takes a JSON string, a JSON number or null.
func (id *ID) UnmarshalJSON(data []byte) error {
	switch {
	case bytes.Equal(data, []byte("null")):
		*id = ""
		return nil
	case isPlainString(data):
		*id = ID(data[1 : len(data)-1])
		return nil
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*id = ID(s)
		return nil
	case len(data) > 0 && len(bytes.Trim(data, "+-.0123456789Ee")) == 0:
		*id = ID(data)
		return nil
	default:
		return errors.New("an id is neither a string nor a number")
	}
}

// isSegment reports whether an id, escaped, names one thing below a path. Servers and proxies
// differ in how often they decode a path and in what they take for a slash, so no part of it may be
// "." or ".." in anybody's eyes.
func (id ID) isSegment() bool {
	s := string(id)
	for range 3 {
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == '\\' }) {
			// What follows a semicolon is a parameter of the part to some (RFC 3986 §3.3).
			if part, _, _ = strings.Cut(part, ";"); part == "." || part == ".." {
				return false
			}
		}
		decoded, err := url.PathUnescape(s)
		if err != nil || decoded == s {
			break
		}
		s = decoded
	}
	return id != ""
}

// isPlainString reports whether a JSON string stands for its own bytes. A page of messages has
// hundreds of ids, nearly all of them plain.
func isPlainString(data []byte) bool {
	n := len(data)
	return n >= 2 && data[0] == '"' && data[n-1] == '"' && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data)
}

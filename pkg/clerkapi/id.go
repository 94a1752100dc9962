package clerkapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// ID is the id of a message, contact, campaign, inbox or team.
//
// The API writes some ids as JSON numbers and some as strings. ID takes both and keeps every digit; it is written as a
// string. The zero value means "none".
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

// isPlainString reports whether a JSON string stands for its own bytes. A page of messages has hundreds of ids, nearly
// all of them plain.
func isPlainString(data []byte) bool {
	n := len(data)
	return n >= 2 && data[0] == '"' && data[n-1] == '"' && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data)
}

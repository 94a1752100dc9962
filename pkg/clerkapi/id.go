package clerkapi

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*id = ID(s)
		return nil
	default:
		var n json.Number
		if err := json.Unmarshal(data, &n); err != nil {
			return fmt.Errorf("id is neither a string nor a number: %w", err)
		}
		*id = ID(n)
		return nil
	}
}

package clerkapi

import (
	"bytes"
	"encoding/json"
)

// existingID finds the id of what exists already in the body of a 409. The API documents no form,
// so the usual ones are taken. What is found is raw: see [call.clean].
func existingID(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v map[string]any
	if decoder.Decode(&v) != nil {
		return ""
	}
	return existingIDIn(v, 0)
}

func existingIDIn(m map[string]any, depth int) string {
	for _, name := range []string{"existingId", "existing_id", "existingContactId", "existing_contact_id", "contactId", "contact_id", "id"} {
		switch id := m[name].(type) {
		case string:
			return id
		case json.Number:
			return id.String()
		}
	}
	if depth == maxDepth {
		return ""
	}
	for _, name := range []string{"existing", "existingContact", "existing_contact", "contact", "data", "details", "error"} {
		if inner, ok := m[name].(map[string]any); ok {
			if id := existingIDIn(inner, depth+1); id != "" {
				return id
			}
		}
	}
	return ""
}

package clerkapi

import "encoding/json"

// MediaList are the URLs of a message's media. Which form they have in answers is not documented,
// so an entry may be a text or an object with the member url, and whatever else is there is passed
// over: a message is never unreadable for its media.
type MediaList []string

// UnmarshalJSON takes any value.
func (l *MediaList) UnmarshalJSON(data []byte) error {
	*l = nil
	var entries []json.RawMessage
	if json.Unmarshal(data, &entries) != nil {
		return nil //nolint:nilerr // not a list: nothing that can be shown
	}
	for _, entry := range entries {
		var url string
		var object struct {
			URL string `json:"url"`
		}
		switch {
		case json.Unmarshal(entry, &url) == nil:
		case json.Unmarshal(entry, &object) == nil:
			url = object.URL
		}
		if url != "" {
			*l = append(*l, url)
		}
	}
	return nil
}

package clerkapi_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestMediaAreReadInAnyForm(t *testing.T) {
	for given, want := range map[string][]string{
		`["https://a.example/1.jpg",""]`:                 nil,
		`[{"url":"https://a.example/1.jpg","type":"x"}]`: nil,
		`null`: {}, `"https://a.example/1.jpg"`: {}, `{}`: {}, `[1,null,[],{"url":2}]`: {}, `7`: {},
	} {
		if want == nil {
			want = []string{"https://a.example/1.jpg"}
		}
		m := clerkapi.Message{MediaURLs: clerkapi.MediaList{"old"}}
		if err := json.Unmarshal([]byte(`{"mediaUrls":`+given+`}`), &m); err != nil || !slices.Equal([]string(m.MediaURLs), want) && given != "null" {
			t.Errorf("%s: %v, %v", given, m.MediaURLs, err)
		}
	}
}

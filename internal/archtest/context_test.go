package archtest

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A fact that travels in a context is found by nobody who reads the call that needs it. So there is
// one struct for what is known of a request, and one value that go-redis hands from a call to its
// hooks.
func TestContextValuesHaveTwoPlaces(t *testing.T) {
	places := map[string]int{}
	walk(t, func(path string, data []byte) {
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			if n := bytes.Count(data, []byte("context.WithValue(")); n > 0 {
				places[path] = n
			}
		}
	})
	want := map[string]int{"internal/request/request.go": 1, "pkg/session/redisstore/call.go": 1}
	if !maps.Equal(places, want) {
		t.Errorf("context.WithValue stands in %v, want %v", slices.Sorted(maps.Keys(places)), slices.Sorted(maps.Keys(want)))
	}
}

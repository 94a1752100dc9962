package archtest

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A client's own access token is taken off its request; where it has to be exchanged, one file
// keeps it and one sends it on.
func TestTheClientsTokenIsKeptAndSentByOneFileEach(t *testing.T) {
	for what, home := range map[string]string{
		"request.NewToken(": "internal/gateway/auth.go",
		".Token.Reveal()":   "internal/credential/carried.go",
	} {
		found := map[string]bool{}
		walk(t, func(path string, data []byte) {
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && bytes.Contains(data, []byte(what)) {
				found[path] = true
			}
		})
		if !maps.Equal(found, map[string]bool{home: true}) {
			t.Errorf("%s stands in %v, only in %s it may", what, slices.Sorted(maps.Keys(found)), home)
		}
	}
}

package sanitize_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  a \t\n b ": "a b", "a\u202eb\x00c\xffd": "abcd", "a\x1b[31mb": "a[31mb", "a\u200bb\ue000": "ab", "日本 é": "日本 é",
		strings.Repeat("n", 64):              strings.Repeat("n", 64),
		strings.Repeat("n", 65):              strings.Repeat("n", 64),
		strings.Repeat("n", 63) + "é":        strings.Repeat("n", 63),
		strings.Repeat("n", 62) + "éx":       strings.Repeat("n", 62) + "é",
		strings.Repeat(" ", 200) + "a":       "a",
		strings.Repeat(" ", 4*64-1) + "ab":   "a",
		strings.Repeat(" ", 4*64-1) + "éabc": "",
	} {
		if got := sanitize.Line(in, 64); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc", "abé": "ab", "日本": "日", "\x80\x80\x80\x80": ""} {
		if got := sanitize.Cut(in, 3); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

package config_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func TestAPublicURLMayHaveAPath(t *testing.T) {
	for address, base := range map[string]string{
		"https://a.example": "", "https://a.example/": "", "https://a.example/gw": "/gw", "https://a.example/gw/": "/gw",
		"https://a.example/apps/clerk-chat_2.0": "/apps/clerk-chat_2.0",
	} {
		c := config.Config{PublicURL: address}
		if text := strings.Join(c.Problems(), "\n"); strings.Contains(text, "--public-url") || c.BasePath() != base {
			t.Errorf("%s: base %q, %s", address, c.BasePath(), text)
		}
	}
	for address, want := range map[string]string{
		"https://a.example/gw/mcp":       "set https://a.example/gw",
		"https://a.example/gw/mcp/":      "set https://a.example/gw",
		"https://a.example/gw?x=1":       "set https://a.example/gw",
		"https://a.example/gw#x":         "set https://a.example/gw",
		"https://a.example/a//b":         "or none",
		"https://a.example/../b":         "or none",
		"https://a.example/%67w":         "or none",
		"https://a.example/a b":          "or none",
		"https://a.example/.well-known/": "or none",
		"https://a.example/a,b":          "or none",
	} {
		c := config.Config{PublicURL: address}
		if text := strings.Join(c.Problems(), "\n"); !strings.Contains(text, want) {
			t.Errorf("%s: %s", address, text)
		}
	}
}

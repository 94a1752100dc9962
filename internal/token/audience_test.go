package token_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

func TestAnAudienceIsComparedToTheLetter(t *testing.T) {
	below := token.Endpoints{Covers: func(wide, narrow string) bool { return wide == "" || strings.HasPrefix(narrow, wide+"/") }}
	based := token.Endpoints{Base: "/gw", Covers: below.Covers}
	for _, tt := range []struct {
		endpoints          token.Endpoints
		audience, resource string
		want               bool
	}{
		{token.Endpoints{}, "https://a.example/mcp", "https://a.example/mcp", true},
		{token.Endpoints{}, "https://a.example/mcp/", "https://a.example/mcp", true},
		{token.Endpoints{}, "https://a.example", "https://a.example/mcp", false},
		{below, "https://a.example", "https://a.example/mcp", true},
		{below, "https://a.example/", "https://a.example/mcp", true},
		{below, "https://a.example/mcp", "https://a.example/mcp/readonly", true},
		{below, "https://a.example/mcp/readonly", "https://a.example/mcp", false},
		{below, "https://b.example", "https://a.example/mcp", false},
		{below, "http://a.example", "https://a.example/mcp", false},
		{below, "https://a.example:8443", "https://a.example/mcp", false},
		{below, "https://a.example.evil", "https://a.example/mcp", false},
		{below, "https://a.exampl", "https://a.example/mcp", false},
		{below, "https://a.example@evil.example/mcp", "https://a.example/mcp", false},
		{below, "https://a.example?x", "https://a.example/mcp", false},
		{below, "", "https://a.example/mcp", false},
		{below, "", "", false},
		{below, "/mcp", "https://a.example/mcp", false},
		{below, "http://localhost:8080", "http://127.0.0.1:8080/mcp", true},
		{below, "http://[::1]:8080/mcp", "http://localhost:8080/mcp", true},
		{below, "http://localhost:8080", "http://127.0.0.1:8081/mcp", false},
		{below, "http://localhost", "http://127.0.0.1/mcp", true},
		{below, "http://localhost:8080", "http://a.example:8080/mcp", false},
		{below, "http://a.example:8080", "http://localhost:8080/mcp", false},
		{based, "https://a.example/gw", "https://a.example/gw/mcp", true},
		{based, "https://a.example", "https://a.example/gw/mcp", false},
		{based, "https://a.example/other", "https://a.example/gw/mcp", false},
		{based, "https://a.example/gwx", "https://a.example/gw/mcp", false},
		{based, "https://a.example/gw/mcp", "https://a.example/gwx/mcp", false},
	} {
		if got := tt.endpoints.Good([]string{"urn:other", tt.audience}, tt.resource); got != tt.want {
			t.Errorf("%q at %q (base %q): %v", tt.audience, tt.resource, tt.endpoints.Base, got)
		}
	}
	if (token.Endpoints{}).Good(nil, "https://a.example/mcp") {
		t.Error("no audience is good")
	}
}

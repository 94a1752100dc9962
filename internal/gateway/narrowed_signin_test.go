package gateway_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// resources are endpoints with what their tools need.
var resources = map[string][]string{
	"":                                  {"messages:read", "messages:send", "contacts:write", "campaigns:send"},
	"/mcp":                              {"messages:read", "messages:send", "contacts:write", "campaigns:send"},
	"/mcp/readonly":                     {"messages:read"},
	"/mcp/x/messages":                   {"messages:read", "messages:send"},
	"/mcp/x/contacts":                   {"contacts:write"},
	"/mcp/x/contacts,campaigns":         {"contacts:write", "campaigns:send"},
	"/mcp/x/messages/readonly":          {"messages:read"},
	"/mcp/x/messages,contacts/readonly": {"messages:read"},
}

func TestEachEndpointIsAResourceOfItsOwn(t *testing.T) {
	base := external(t, tokentest.NewIssuer(t), nil)
	for path, scopes := range resources {
		for _, spelled := range []string{path, path + "/"} {
			metadata := base + "/.well-known/oauth-protected-resource" + spelled
			var m struct {
				Resource string   `json:"resource"`
				Scopes   []string `json:"scopes_supported"`
			}
			decode(t, request(t, http.MethodGet, metadata, "").body, &m)
			if m.Resource != base+spelled || !slices.Equal(m.Scopes, scopes) {
				t.Errorf("%s: metadata %+v", spelled, m)
			}
			if path == "" {
				metadata = base + "/.well-known/oauth-protected-resource" // the root's URL has a slash in any case
			}
			a := request(t, http.MethodPost, base+spelled, ping, "Content-Type", "application/json")
			want := `scope="` + strings.Join(scopes, " ") + `", resource_metadata="` + metadata + `"`
			if c := a.header.Get("WWW-Authenticate"); a.status != http.StatusUnauthorized || !strings.HasSuffix(c, want) {
				t.Errorf("%s: %d %q, want %s", spelled, a.status, c, want)
			}
		}
	}
	for _, path := range []string{"/mcp/x/contacts,messages", "/mcp/x/messages%2Ccontacts", "/mcp/x/contacts/readonly", "/mcp/x"} {
		if a := request(t, http.MethodGet, base+"/.well-known/oauth-protected-resource"+path, ""); a.status != http.StatusNotFound {
			t.Errorf("%s has metadata: %d %s", path, a.status, a.body)
		}
	}
}

func TestATokenIsGoodAtItsEndpointAlone(t *testing.T) {
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	for issued := range resources {
		token := issuer.Sign(claims(issuer, base+issued, "messages:read messages:send contacts:write campaigns:send"))
		for at := range resources {
			a := request(t, http.MethodPost, base+at, ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			want := http.StatusUnauthorized
			if at == issued {
				want = http.StatusOK
			}
			if a.status != want {
				t.Errorf("a token for %q was answered %d at %q", issued, a.status, at)
			}
		}
	}
}

func TestTheSDKSignsInAtANarrowedEndpoint(t *testing.T) {
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "api-key", nil)
			var token string
			world.http.Transport = spy{world.http.Transport, &token}
			const path = "/mcp/x/messages,contacts"
			session := world.connectAt(t, path, version)
			if got := listed(t, session); got != together(messages, contacts) {
				t.Errorf("it offers %q", got)
			}
			for range 2 { // on both replicas
				if result, err := session.CallTool(t.Context(), send); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			var c struct {
				Audience any    `json:"aud"`
				Scope    string `json:"scope"`
			}
			claimsOf(t, token, &c)
			if c.Audience != world.base+path || c.Scope != "messages:read messages:send contacts:write" {
				t.Errorf("the token is for %v with %q", c.Audience, c.Scope)
			}
			for _, other := range []string{"/mcp", "/", "/mcp/x/messages", "/mcp/readonly"} {
				a := world.do(t, http.MethodPost, other, ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
				if c := a.header.Get("WWW-Authenticate"); a.status != http.StatusUnauthorized || !strings.Contains(c, `error="invalid_token"`) {
					t.Errorf("at %s the token was answered %d %q", other, a.status, c)
				}
			}
		})
	}
}

var offeredScope = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)

func TestThePageOffersOnlyWhatTheEndpointNeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		path string
		edit func(*config.Config)
		want []string
	}{
		"readonly":   {"/mcp/readonly", nil, []string{"messages:read"}},
		"contacts":   {"/mcp/x/contacts", nil, []string{"contacts:write"}},
		"by setting": {"/mcp", func(c *config.Config) { c.ReadOnly = true }, []string{"messages:read"}},
	} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "api-key", tt.edit)
			var offered []string
			address, err := url.Parse(world.authorizeURL(t))
			if err != nil {
				t.Fatal(err)
			}
			q := address.Query()
			q.Set("resource", world.base+tt.path)
			q.Set("scope", "messages:read messages:send contacts:write campaigns:send")
			address.RawQuery = q.Encode()
			authtest.Person{Transport: world.http.Transport, Fill: func(page string, _ url.Values) {
				for _, m := range offeredScope.FindAllStringSubmatch(page, -1) {
					offered = append(offered, m[1])
				}
			}}.Allow(t, address.String(), clientRedirect)
			if !slices.Equal(offered, tt.want) {
				t.Errorf("the page offers %q, want %q", offered, tt.want)
			}
		})
	}
}

// claimsOf reads what an access token says.
func claimsOf(t *testing.T, token string, v any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), v)
}

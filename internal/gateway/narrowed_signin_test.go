package gateway_test

import (
	"crypto/sha256"
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
	t.Parallel()
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

// narrower are the endpoints beside itself at which a token for one is good.
var narrower = map[string][]string{
	"": {
		"/mcp", "/mcp/readonly", "/mcp/x/messages", "/mcp/x/contacts", "/mcp/x/contacts,campaigns", "/mcp/x/messages/readonly",
		"/mcp/x/messages,contacts/readonly",
	},
	"/mcp": {
		"/mcp/readonly", "/mcp/x/messages", "/mcp/x/contacts", "/mcp/x/contacts,campaigns", "/mcp/x/messages/readonly",
		"/mcp/x/messages,contacts/readonly",
	},
	"/mcp/readonly":                     {"/mcp/x/messages/readonly", "/mcp/x/messages,contacts/readonly"},
	"/mcp/x/messages":                   {"/mcp/x/messages/readonly"},
	"/mcp/x/contacts,campaigns":         {"/mcp/x/contacts"},
	"/mcp/x/messages,contacts/readonly": {"/mcp/x/messages/readonly"},
}

func TestATokenIsGoodAtItsEndpointAndNarrowerOnes(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	for issued := range resources {
		token := issuer.Sign(claims(issuer, base+issued, "messages:read messages:send contacts:write campaigns:send"))
		for at := range resources {
			a := request(t, http.MethodPost, base+at, ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			want := http.StatusUnauthorized
			if at == issued || slices.Contains(narrower[issued], at) {
				want = http.StatusOK
			}
			if a.status != want {
				t.Errorf("a token for %q was answered %d at %q", issued, a.status, at)
			}
		}
	}
}

func TestATokenOfThisMachineIsGoodUnderItsOtherNames(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	port := parsed(t, base).Port()
	for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
		for audience, want := range map[string]int{
			"http://" + name + ":" + port + "/mcp":  http.StatusOK,
			"http://" + name + ":" + port + "/":     http.StatusOK,
			"http://" + name + ":1" + port + "/mcp": http.StatusUnauthorized,
			"https://" + name + ":" + port + "/mcp": http.StatusUnauthorized,
			"http://" + name + ":" + port + "x/mcp": http.StatusUnauthorized,
			"http://" + name + ".example/mcp":       http.StatusUnauthorized,
		} {
			token := issuer.Sign(claims(issuer, audience, "messages:read"))
			a := request(t, http.MethodPost, base+"/mcp", ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			if a.status != want {
				t.Errorf("a token for %s was answered %d", audience, a.status)
			}
		}
	}
}

func TestATokenWithoutAResourceIsGoodEverywhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit bool
		good  []string
		bad   []string
	}{
		"by default": {false, []string{"/", "/mcp", "/mcp/", "/mcp/readonly", "/mcp/x/messages"}, nil},
		"limited":    {true, []string{"/mcp", "/mcp/readonly", "/mcp/x/messages"}, []string{"/"}},
	} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "api-key", func(c *config.Config) { c.LimitResource = tt.limit })
			token := world.tokenWithoutResource(t)
			for want, paths := range map[int][]string{http.StatusOK: tt.good, http.StatusUnauthorized: tt.bad} {
				for _, path := range paths {
					a := world.do(t, http.MethodPost, path, ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
					if a.status != want {
						t.Errorf("%s: %d %s", path, a.status, a.body)
					}
				}
			}
		})
	}
}

// tokenWithoutResource signs somebody in for a client that names neither resource nor scope nor,
// with its code, its redirect.
func (s *signedIn) tokenWithoutResource(t *testing.T) string {
	t.Helper()
	address := parsed(t, s.authorizeURL(t))
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	q := address.Query()
	c := s.register(t)
	q.Set("client_id", c.id)
	q.Del("resource")
	q.Del("scope")
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	address.RawQuery = q.Encode()
	answer := authtest.Person{Transport: s.http.Transport}.Allow(t, address.String(), clientRedirect)
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "code_verifier": {verifier}, "client_id": {c.id}, "client_secret": {c.secret},
	}
	a := s.do(t, http.MethodPost, "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		Access string `json:"access_token"`
	}
	decode(t, a.body, &out)
	if out.Access == "" {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	return out.Access
}

func TestTheSDKSignsInAtANarrowedEndpoint(t *testing.T) {
	t.Parallel()
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
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
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
			for _, other := range []string{"/mcp", "/", "/mcp/x/messages,campaigns", "/mcp/readonly"} {
				a := world.do(t, http.MethodPost, other, ping, "Content-Type", "application/json", "Authorization", "Bearer "+token)
				if c := a.header.Get("WWW-Authenticate"); a.status != http.StatusUnauthorized || !strings.Contains(c, `error="invalid_token"`) {
					t.Errorf("at %s the token was answered %d %q", other, a.status, c)
				}
			}
		})
	}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var offeredScope = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)

func TestThePageOffersOnlyWhatTheEndpointNeeds(t *testing.T) {
	t.Parallel()
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
		t.Fatalf("%q is not a token", token)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), v)
}

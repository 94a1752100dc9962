package upstream

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// privateIDP is a provider that the gateway reaches only at an address inside, and browsers at
// another one.
func privateIDP(t *testing.T) (i *idp, address string, hosts func() []string) {
	t.Helper()
	i = closedIDP(t)
	var mu sync.Mutex
	var seen []string
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Host+" "+r.Header.Get("X-Forwarded-Proto"))
		mu.Unlock()
		i.serve(w, r)
	}))
	t.Cleanup(inside.Close)
	i.Server, i.transport = &httptest.Server{URL: "https://login.example.com"}, inside.Client().Transport
	return i, inside.URL, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Compact(slices.Clone(seen)) }
}

func TestBackchannel(t *testing.T) {
	t.Run("a host in place of the issuer's", func(t *testing.T) {
		i, address, hosts := privateIDP(t)
		p := i.provider(t, func(o *ProviderOptions) { o.BackchannelURL = address })
		location, _, err := p.Begin(t.Context(), "s")
		if err != nil || !strings.HasPrefix(location, "https://login.example.com/authorize?") {
			t.Fatalf("the browser is sent to %s, %v", location, err)
		}
		person, err := i.signIn(t, p)
		if err != nil || person.Subject != "https://login.example.com#ann" {
			t.Errorf("%q, %v", person.Subject, err)
		}
		if got := hosts(); !slices.Equal(got, []string{"login.example.com https"}) {
			t.Errorf("asked for the hosts %q", got)
		}
	})
	t.Run("endpoints at the address inside", func(t *testing.T) {
		i, address, _ := privateIDP(t)
		i.metadata = map[string]any{"token_endpoint": address + "/token", "jwks_uri": address + "/keys"}
		if _, err := i.signIn(t, i.provider(t, func(o *ProviderOptions) { o.BackchannelURL = address })); err != nil {
			t.Error(err)
		}
	})
	t.Run("browsers are never sent inside", func(t *testing.T) {
		i, address, _ := privateIDP(t)
		i.metadata = map[string]any{"authorization_endpoint": "http://keycloak:8080/authorize"}
		_, _, err := i.provider(t, func(o *ProviderOptions) { o.BackchannelURL = address }).Begin(t.Context(), "s")
		says(t, err, "authorization_endpoint is not an https URL", true)
	})
	t.Run("another http address is not the backchannel", func(t *testing.T) {
		i, address, _ := privateIDP(t)
		i.metadata = map[string]any{"token_endpoint": "http://elsewhere:8080/token"}
		_, _, err := i.provider(t, func(o *ProviderOptions) { o.BackchannelURL = address }).Begin(t.Context(), "s")
		says(t, err, "token_endpoint is not an https URL", true)
	})
	t.Run("the issuer stays the public one", func(t *testing.T) {
		i, address, _ := privateIDP(t)
		i.metadata = map[string]any{"issuer": address}
		_, _, err := i.provider(t, func(o *ProviderOptions) { o.BackchannelURL = address }).Begin(t.Context(), "s")
		says(t, err, "set --oidc-issuer", true)
	})
}

func TestBackchannelTranslatesAddresses(t *testing.T) {
	for _, tt := range []struct{ name, issuer, inside, asked, want string }{
		{"the host", "https://sso.example.com/realms/staff", "http://keycloak:8080", "https://sso.example.com/realms/staff/token", "http://keycloak:8080/realms/staff/token"},
		{"a path that is left out inside", "https://sso.example.com/auth/realms/staff", "http://keycloak:8080/realms/staff",
			"https://sso.example.com/auth/realms/staff/token", "http://keycloak:8080/realms/staff/token"},
		{"a path that is only inside", "https://sso.example.com", "http://gateway/idp", "https://sso.example.com/token", "http://gateway/idp/token"},
		{"beside the issuer, below what both have", "https://sso.example.com/auth/realms/staff", "http://keycloak:8080/realms/staff",
			"https://sso.example.com/auth/keys", "http://keycloak:8080/keys"},
		{"what is not below it", "https://sso.example.com/auth/realms/staff", "http://keycloak:8080/realms/staff", "https://sso.example.com/other", "https://sso.example.com/other"},
		{"a path that only begins alike", "https://sso.example.com/auth/realms/staff", "http://keycloak:8080/realms/staff", "https://sso.example.com/authority", "https://sso.example.com/authority"},
		{"another host", "https://sso.example.com", "http://keycloak:8080", "https://keys.example.com/token", "https://keys.example.com/token"},
		{"another port", "https://sso.example.com", "http://keycloak:8080", "https://sso.example.com:8443/token", "https://sso.example.com:8443/token"},
		{"the port that https has", "https://sso.example.com", "http://keycloak:8080", "https://sso.example.com:443/token", "http://keycloak:8080/token"},
		{"http at the same host", "https://sso.example.com", "http://keycloak:8080", "http://sso.example.com/token", "http://sso.example.com/token"},
		{"no address inside", "https://sso.example.com", "", "https://sso.example.com/token", "https://sso.example.com/token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, host := "", ""
			base := roundTrip(func(r *http.Request) (*http.Response, error) {
				got, host = r.URL.String(), r.Host
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			})
			transport, err := newBackchannel(tt.issuer, tt.inside, base)
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.asked, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			if err != nil || got != tt.want {
				t.Fatalf("asked %s, %v; want %s", got, err, tt.want)
			}
			_ = resp.Body.Close()
			if public, err := url.Parse(tt.issuer); err != nil || got != tt.asked && (host != public.Host || resp.Request != req) {
				t.Errorf("the host is %s, the answer to %v", host, resp.Request)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBackchannelsThatCannotWork(t *testing.T) {
	for _, address := range []string{"keycloak:8080", "ftp://keycloak", "http://", "http://u:p@keycloak", "http://keycloak/?a=b", "http://keycloak/#a"} {
		if _, err := newBackchannel("https://sso.example.com", address, nil); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
}

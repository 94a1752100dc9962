package upstream

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shownSecrets notes how the gateway shows its secret, and where.
type shownSecrets struct {
	http.RoundTripper
	mu  sync.Mutex
	all []string
}

func (s *shownSecrets) RoundTrip(r *http.Request) (*http.Response, error) {
	how := ""
	if _, _, basic := r.BasicAuth(); basic {
		how = "header"
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(body), "client_secret="+url.QueryEscape(clientSecret)) {
			how += "body"
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	if how != "" || strings.Contains(r.URL.String(), "secret") {
		s.mu.Lock()
		s.all = append(s.all, how+" "+r.Method+" "+r.URL.Host+r.URL.Path)
		s.mu.Unlock()
	}
	return s.RoundTripper.RoundTrip(r)
}

// The secret is shown in another way only to the token endpoint that said invalid_client, and never
// twice for another reason.
func TestClientAuthenticationFallback(t *testing.T) {
	const unknownClient = `{"error":"invalid_client"}`
	for _, tt := range []struct {
		name     string
		put      func(t *testing.T, i *idp)
		change   func(o *ProviderOptions)
		want     []string // how, in this order
		signedIn bool
	}{
		{"taken at once", announce(AuthBasic, AuthPost), nil, []string{"header"}, true},
		{"registered for the other one", func(t *testing.T, i *idp) { announce(AuthBasic, AuthPost)(t, i); i.auth = AuthPost }, nil, []string{"header", "body"}, true},
		{"only one is announced", func(t *testing.T, i *idp) { announce(AuthBasic)(t, i); i.auth = AuthPost }, nil, []string{"header"}, false},
		{"the setting says which", func(t *testing.T, i *idp) { announce(AuthBasic, AuthPost)(t, i); i.auth = AuthPost },
			func(o *ProviderOptions) { o.ClientAuth = AuthBasic }, []string{"header"}, false},
		{"a wrong secret", func(_ *testing.T, i *idp) { i.auth = "another secret" }, nil, []string{"header", "body"}, false},
		{"a public client", func(_ *testing.T, i *idp) { i.auth = AuthPost }, func(o *ProviderOptions) { o.ClientSecret = "" }, nil, false},
		{"another error", func(_ *testing.T, i *idp) {
			i.raw, i.rawType, i.rawCode = `{"error":"invalid_grant"}`, "application/json", 400
		}, nil, []string{"header"}, false},
		{"an outage", func(_ *testing.T, i *idp) { i.raw, i.rawType, i.rawCode = unknownClient, "application/json", 503 }, nil, []string{"header"}, false},
		{"a page", func(_ *testing.T, i *idp) { i.raw, i.rawType, i.rawCode = "<h1>invalid_client", "text/html", 401 }, nil, []string{"header"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			tt.put(t, i)
			seen := &shownSecrets{RoundTripper: i.transport}
			p := i.provider(t, func(o *ProviderOptions) {
				o.Transport = seen
				if tt.change != nil {
					tt.change(o)
				}
			})
			_, err := i.signIn(t, p)
			if (err == nil) != tt.signedIn {
				t.Errorf("signing in: %v", err)
			}
			var want []string
			for _, how := range tt.want {
				want = append(want, how+" POST "+strings.TrimPrefix(i.URL, "http://")+"/token")
			}
			if !slices.Equal(seen.all, want) {
				t.Errorf("the secret was shown %q, want %q", seen.all, want)
			}
		})
	}
}

func TestClientAuthenticationThatWorkedIsRemembered(t *testing.T) {
	i := newIDP(t)
	i.auth = AuthPost
	seen := &shownSecrets{RoundTripper: i.transport}
	p := i.provider(t, func(o *ProviderOptions) { o.Transport = seen })
	for range 2 {
		if _, err := i.signIn(t, p); err != nil {
			t.Fatal(err)
		}
	}
	i.set(func() { i.auth = "" }) // registered for the other one meanwhile
	if _, err := i.signIn(t, p); err != nil {
		t.Error(err)
	}
	if len(seen.all) != 5 { // header, body; body; body, header
		t.Errorf("the secret was shown %q", seen.all)
	}
}

func TestClientAuthenticationThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(o *ProviderOptions){
		"basic without a secret": func(o *ProviderOptions) { o.ClientSecret, o.ClientAuth = "", AuthBasic },
		"post without a secret":  func(o *ProviderOptions) { o.ClientSecret, o.ClientAuth = "", AuthPost },
		"none with a secret":     func(o *ProviderOptions) { o.ClientAuth = AuthNone },
		"another method":         func(o *ProviderOptions) { o.ClientAuth = "private_key_jwt" },
	} {
		o := ProviderOptions{
			Issuer: "https://login.example.com", ClientID: clientID, ClientSecret: clientSecret, RedirectURL: "https://mcp.example.com/callback",
			Allow: only(""), KeySet: keySets(nil),
		}
		if _, err := NewProvider(o); err != nil {
			t.Fatal(err)
		}
		change(&o)
		if _, err := NewProvider(o); err == nil || strings.Contains(err.Error(), clientSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !errors.Is(&unknownError{temporary: true}, ErrUnavailable) {
		t.Error("what passes is not an outage")
	}
}

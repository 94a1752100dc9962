package upstream

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestAPersonSignsIn(t *testing.T) {
	i := newIDP(t)
	p := i.provider(t)
	person, err := i.signIn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if person.Subject != i.URL+"#ann" || person.Name != "Ann" || person.Email != "ann@example.com" {
		t.Errorf("%q %q %q", person.Subject, person.Name, person.Email)
	}
	kept, err := decodeState(person.Upstream)
	if err != nil || !kept.Allowed.Equal(i.Now()) || kept.Access == "" || kept.Refresh == "" {
		t.Errorf("kept: allowed at %v, or no tokens; %v", kept.Allowed, err)
	}
}

func TestASignInIsRefused(t *testing.T) {
	other := newIDP(t)
	for _, tt := range []struct {
		name   string
		want   Reason
		change func(i *idp, answer url.Values)
	}{
		{"another state", ReasonState, func(_ *idp, a url.Values) { a.Set("state", "x") }},
		{"no state", ReasonState, func(_ *idp, a url.Values) { a.Del("state") }},
		{"two codes", ReasonAnswer, func(_ *idp, a url.Values) { a.Add("code", "x") }},
		{"no code", ReasonAnswer, func(_ *idp, a url.Values) { a.Del("code") }},
		{"an error", ReasonProvider, func(_ *idp, a url.Values) { a.Set("error", "login_required") }},
		{"an answer of another provider (mix-up)", ReasonIssuer, func(_ *idp, a url.Values) { a.Set("iss", other.URL) }},
		{"an unknown code", ReasonCode, func(_ *idp, a url.Values) { a.Set("code", "x") }},
		{"a code of another verifier (PKCE)", ReasonCode, func(i *idp, a url.Values) {
			i.codes[a.Get("code")] = issued{i.codes[a.Get("code")].nonce, "x"}
		}},
		{"another nonce", ReasonNonce, func(i *idp, _ url.Values) { i.claims = map[string]any{"nonce": "x"} }},
		{"no nonce", ReasonNoNonce, func(i *idp, _ url.Values) { i.claims = map[string]any{"nonce": nil} }},
		{"another audience", ReasonAudience, func(i *idp, _ url.Values) { i.claims = map[string]any{"aud": "x"} }},
		{"several audiences, and another authorized party", ReasonAudience, func(i *idp, _ url.Values) {
			i.claims = map[string]any{"aud": []string{clientID, "x"}, "azp": "x"}
		}},
		{"several audiences without ours", ReasonAudience, func(i *idp, _ url.Values) {
			i.claims = map[string]any{"aud": []string{"y", "x"}, "azp": clientID}
		}},
		{"another authorized party", ReasonAudience, func(i *idp, _ url.Values) { i.claims = map[string]any{"azp": "x"} }},
		{"another issuer", ReasonIssuer, func(i *idp, _ url.Values) { i.claims = map[string]any{"iss": other.URL} }},
		{"expired", ReasonExpired, func(i *idp, _ url.Values) { i.claims = map[string]any{"exp": i.now.Unix() - 31} }},
		{"from the future", ReasonExpired, func(i *idp, _ url.Values) { i.claims = map[string]any{"iat": i.now.Unix() + 31} }},
		{"another access token", ReasonAtHash, func(i *idp, _ url.Values) { i.claims = map[string]any{"at_hash": "x"} }},
		{"no subject", ReasonSubject, func(i *idp, _ url.Values) { i.claims = map[string]any{"sub": nil} }},
		{"a long subject", ReasonSubject, func(i *idp, _ url.Values) {
			i.claims = map[string]any{"sub": strings.Repeat("x", 255)}
		}},
		{"a foreign key", ReasonKey, func(i *idp, _ url.Values) {
			i.sign = func(c map[string]any) string {
				return signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: other.keys[0]}, c)
			}
		}},
		{"the client secret as key", ReasonAlgorithm, func(i *idp, _ url.Values) {
			i.metadata = map[string]any{"id_token_signing_alg_values_supported": []string{"HS256"}}
			i.sign = func(c map[string]any) string {
				return signed(t, jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat(clientSecret, 2))}, c)
			}
		}},
		{"no signature", ReasonAlgorithm, func(i *idp, _ url.Values) {
			i.sign = func(c map[string]any) string {
				payload, _ := json.Marshal(c)
				e := base64.RawURLEncoding.EncodeToString
				return e([]byte(`{"alg":"none"}`)) + "." + e(payload) + "."
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			p := i.provider(t)
			answer, kept := i.begin(t, p)
			i.set(func() { tt.change(i, answer) })
			_, err := p.Finish(t.Context(), answer, kept)
			var failure *SignInError
			if !errors.As(err, &failure) || failure.Reason != tt.want {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}

func TestAnIssuerThatIsAnnouncedMustBeSent(t *testing.T) {
	i := newIDP(t)
	i.metadata = map[string]any{"authorization_response_iss_parameter_supported": true}
	p := i.provider(t)
	answer, kept := i.begin(t, p)
	var failure *SignInError
	if _, err := p.Finish(t.Context(), answer, kept); !errors.As(err, &failure) || failure.Reason != ReasonIssuer {
		t.Errorf("without: %v", err)
	}
	answer.Set("iss", i.URL)
	if _, err := p.Finish(t.Context(), answer, kept); err != nil {
		t.Errorf("with: %v", err)
	}
}

// OpenID Connect Discovery §4.3: who answers for somebody else, or leads off https, answers for
// nobody.
func TestMetadataOfTheProviderIsHeldToItsIssuer(t *testing.T) {
	for name, metadata := range map[string]map[string]any{
		"of another issuer":        {"issuer": "https://evil.example"},
		"sign-in over http":        {"authorization_endpoint": "http://login.example.com/authorize"},
		"tokens over http":         {"token_endpoint": "http://login.example.com/token"},
		"keys over http":           {"jwks_uri": "http://login.example.com/keys"},
		"keys in a file":           {"jwks_uri": "file:///etc/passwd"},
		"no token endpoint at all": {"token_endpoint": ""},
	} {
		i := newIDP(t)
		i.metadata = metadata
		if location, _, err := i.provider(t).Begin(t.Context(), "s"); !errors.Is(err, ErrUnavailable) || location != "" {
			t.Errorf("%s: %q %v", name, location, err)
		}
	}
}

func TestWhoSaysNoIsDenied(t *testing.T) {
	i := newIDP(t)
	p := i.provider(t)
	_, kept := i.begin(t, p)
	_, err := p.Finish(t.Context(), url.Values{"error": {"access_denied"}, "state": {"the state"}}, kept)
	if !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
}

func TestRulesSeeTheUserInfoOnlyIfTheIDTokenIsNotEnough(t *testing.T) {
	for _, tt := range []struct {
		name   string
		claims map[string]any
		info   map[string]any
		want   error
		asked  int
	}{
		{"enough", nil, nil, nil, 0},
		{"the address is there", map[string]any{"email": nil, "email_verified": nil},
			map[string]any{"sub": "ann", "email": "ann@example.com", "email_verified": true}, nil, 1},
		{"another address is verified", map[string]any{"email_verified": nil},
			map[string]any{"sub": "ann", "email": "ann@evil.net", "email_verified": true}, ErrNotAllowed, 1},
		{"it cannot overrule what is signed", map[string]any{"email": "ann@evil.net"},
			map[string]any{"sub": "ann", "email": "ann@example.com", "email_verified": true}, ErrNotAllowed, 1},
		{"it is of somebody else", map[string]any{"email": nil},
			map[string]any{"sub": "bob", "email": "bob@example.com", "email_verified": true}, failed(ReasonSubject), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			i.claims, i.info = tt.claims, tt.info
			i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
			_, err := i.signIn(t, i.provider(t))
			if !errors.Is(err, tt.want) && (err == nil || tt.want == nil || err.Error() != tt.want.Error()) {
				t.Errorf("%v; want %v", err, tt.want)
			}
			if n := i.asked("/userinfo"); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

func TestAProviderThatIsDownAtFirstIsUsedWhenItIsUp(t *testing.T) {
	i := newIDP(t)
	p := i.provider(t)
	i.set(func() { i.status = http.StatusBadGateway })
	if _, _, err := p.Begin(t.Context(), "s"); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	i.set(func() { i.status = 0; i.now = i.now.Add(metadataWait) })
	if _, err := i.signIn(t, p); err != nil {
		t.Error(err)
	}
}

func TestAnOutageAtTheEndOfASignInIsNobodysFault(t *testing.T) {
	i := newIDP(t)
	p := i.provider(t)
	answer, kept := i.begin(t, p)
	i.set(func() { i.status = http.StatusServiceUnavailable })
	if _, err := p.Finish(t.Context(), answer, kept); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

func TestKeysRotateAndOldOnesEnd(t *testing.T) {
	i := newIDP(t)
	p := i.provider(t)
	for range 2 {
		if _, err := i.signIn(t, p); err != nil {
			t.Fatal(err)
		}
		i.set(func() { i.rotate(); i.now = i.now.Add(2 * time.Second) })
	}
	i.set(func() { i.now = i.now.Add(2 * metadataLife) })
	if _, err := i.signIn(t, p); err != nil {
		t.Error(err)
	}
}

func TestClocksMayBeApartByTheLeeway(t *testing.T) {
	i := newIDP(t)
	i.claims = map[string]any{"exp": i.now.Add(-29 * time.Second).Unix(), "iat": i.now.Add(29 * time.Second).Unix()}
	if _, err := i.signIn(t, i.provider(t)); err != nil {
		t.Error(err)
	}
}

func TestTheOptionsAreRefusedAllAtOnce(t *testing.T) {
	_, err := NewProvider(ProviderOptions{Issuer: "http://login.example.com", Leeway: time.Hour})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"issuer", "redirect URL", "client id", "who may", "leeway"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not speak of %s", err, want)
		}
	}
}

func TestScopesAndParametersOfAProviderAreAskedFor(t *testing.T) {
	i := newIDP(t)
	i.metadata = map[string]any{"scopes_supported": []string{"openid", "offline_access"}}
	for name, tt := range map[string]struct {
		scopes        []string
		params        map[string]string
		scope, prompt string
	}{
		"by default":         {nil, nil, "openid profile email offline_access", "consent"},
		"scopes":             {[]string{"email", "openid", "api", "api"}, nil, "openid email api offline_access", "consent"},
		"parameters":         {nil, map[string]string{"access_type": "offline"}, "openid profile email offline_access", "consent"},
		"a prompt of theirs": {nil, map[string]string{"prompt": "select_account consent"}, "openid profile email offline_access", "select_account consent"},
	} {
		location, _, err := i.provider(t, func(o *ProviderOptions) { o.Scopes, o.Params = tt.scopes, tt.params }).Begin(t.Context(), "the state")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("scope") != tt.scope || q.Get("prompt") != tt.prompt || q.Get("access_type") != tt.params["access_type"] {
			t.Errorf("%s: %v", name, q)
		}
	}
}

func TestAParameterOfTheProtocolCannotBeSet(t *testing.T) {
	i := newIDP(t)
	for _, name := range []string{"", "state", "Nonce", "redirect_uri", "response_mode", "code_challenge_method", "request", "client_id"} {
		_, err := NewProvider(ProviderOptions{
			Issuer: i.URL, ClientID: "c", RedirectURL: i.URL, Allow: func(map[string]any) error { return nil },
			Params: map[string]string{name: "x"},
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, scope := range []string{"two scopes", "", `a"b`, "é"} {
		_, err := NewProvider(ProviderOptions{
			Issuer: i.URL, ClientID: "c", RedirectURL: i.URL, Allow: func(map[string]any) error { return nil }, Scopes: []string{scope},
		})
		if err == nil {
			t.Errorf("scope %q is accepted", scope)
		}
	}
}

func FuzzParseTokens(f *testing.F) {
	f.Add(200, []byte(`{"access_token":"a","token_type":"Bearer","expires_in":"60"}`))
	f.Add(400, []byte(`{"error":"invalid_grant"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := parseTokens(status, body)
		if (got == nil) == (err == nil) || err == nil && (got.Access == "" || got.ExpiresIn < 0 || status != 200) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

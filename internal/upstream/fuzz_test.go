package upstream

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// told answers every GET with the same bytes.
type told []byte

func (b told) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(string(b))),
	}, nil
}

// Whatever a browser brings back, a person comes of the one good answer alone, and every failure is
// one of ours.
func FuzzAnswersOfTheProvider(f *testing.F) {
	i := newIDP(f)
	p := i.provider(f)
	for _, s := range []string{
		"code=CODE&state=the+state", "code=CODE&state=x", "code=CODE&state=the+state&iss=https://evil.example", "code=CODE&code=x&state=the+state",
		"error=access_denied&state=the+state", "error=x&error_description=%00", "state=the+state", "%zz", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		answer, kept := i.begin(t, p)
		code := answer.Get("code")
		got, err := url.ParseQuery(strings.ReplaceAll(query, "CODE", code))
		if err != nil {
			return
		}
		person, err := p.Finish(t.Context(), got, kept)
		var failure *SignInError
		switch {
		case err == nil:
			if person.Subject != i.URL+"#ann" || got.Get("code") != code || got.Get("state") != "the state" || len(got["state"]) != 1 ||
				got.Has("iss") && got.Get("iss") != i.URL || got.Get("error") != "" {
				t.Errorf("%q signs %q in", query, person.Subject)
			}
		case !errors.As(err, &failure) && !errors.Is(err, ErrDenied) && !errors.Is(err, ErrUnavailable):
			t.Errorf("%q: %v", query, err)
		}
	})
}

// Whatever the provider sends as an ID token, what counts is signed by it, for this client, now,
// and names somebody.
func FuzzIDTokens(f *testing.F) {
	i := newIDP(f)
	p := i.provider(f)
	m, err := p.metadata(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: i.keys[0]}
	good := i.idToken(nil)
	want, err := p.verify(f.Context(), m, &tokens{IDToken: good}, "")
	if err != nil {
		f.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for _, s := range []string{
		good, good + "=", parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".", "..", "", "{}",
	} {
		f.Add(s, "")
	}
	for _, s := range []string{
		`{"iss":"ISS","sub":"ann","aud":"gateway","exp":4e9}`, `{"iss":"ISS","sub":"ann","aud":["gateway","x"],"exp":4e9}`,
		`{"iss":"ISS","sub":"\u0000","aud":"gateway","exp":4e9}`, `{"iss":"ISS/","sub":1,"aud":{},"exp":"x"}`, `null`, `[[[`, "\xff",
		`{"iss":"ISS","sub":"ann","aud":"gateway","exp":4e9,"email":{},"azp":[],"at_hash":"x","name":"\ud800"}`,
	} {
		f.Add("", s)
	}
	f.Fuzz(func(t *testing.T, raw, payload string) {
		if raw != "" && raw != good {
			// The last character of a signature has bits that do not count, so one token has
			// several spellings.
			if claims, err := p.verify(t.Context(), m, &tokens{IDToken: raw}, ""); err == nil && !maps.Equal(claims, want) {
				t.Errorf("%q is taken as %v", raw, claims)
			}
		}
		claims, err := p.verify(t.Context(), m, &tokens{IDToken: signPayload(t, key, strings.ReplaceAll(payload, "ISS", i.URL))}, "")
		if err != nil {
			var failure *SignInError
			if !errors.As(err, &failure) {
				t.Errorf("%q: %v", payload, err)
			}
			return
		}
		sub, _ := claims["sub"].(string)
		aud, _ := json.Marshal(claims["aud"])
		end, _ := claims["exp"].(float64)
		if claims["iss"] != i.URL || sub == "" || !strings.Contains(string(aud), `"gateway"`) ||
			!time.Unix(int64(min(end, 1e12)), 0).After(i.now.Add(-31*time.Second)) {
			t.Errorf("%q is taken as %v", payload, claims)
		}
		_, _ = shown(claims["name"]), p.opts.Allow(claims)
	})
}

func signPayload(t *testing.T, key jose.SigningKey, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Whatever is found where metadata should be, it is of the issuer and names https endpoints, or it
// is none.
func FuzzMetadata(f *testing.F) {
	const issuer = "https://login.example.com"
	for _, s := range []string{
		`{"issuer":"https://login.example.com","authorization_endpoint":"https://a.example","token_endpoint":"https://b.example","jwks_uri":"https://c.example"}`,
		`{"issuer":"https://evil.example","token_endpoint":"https://b.example"}`, `{"issuer":"https://login.example.com","token_endpoint":"http://b.example"}`,
		`{"issuer":"https://login.example.com","authorization_endpoint":"javascript:x","token_endpoint":"file:///x","jwks_uri":"https://u@c"}`,
		`{"keys":[]}`, `null`, `[`, `{"issuer":1}`, `{"id_token_signing_alg_values_supported":["none","HS256"]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := NewProvider(ProviderOptions{
			Issuer: issuer, ClientID: "c", RedirectURL: "https://mcp.example.com/callback", Allow: func(map[string]any) error { return nil }, Transport: told(body),
			KeySet: keySets(nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.discover(t.Context(), nil)
		switch {
		case err != nil && !errors.Is(err, ErrUnavailable):
			t.Errorf("%q: %v", body, err)
		case err == nil && (netx.CheckURL(m.AuthURL) != nil || netx.CheckURL(m.TokenURL) != nil || netx.CheckURL(m.KeysURL) != nil || !strings.Contains(string(body), "login")):
			t.Errorf("%q: %+v", body, m)
		case err == nil:
			for _, a := range m.algorithms() {
				if a == "none" || strings.HasPrefix(a, "HS") {
					t.Errorf("%q lets ID tokens be signed with %s", body, a)
				}
			}
		}
		a, err := NewAuthorizationServer(AuthorizationServerOptions{Issuer: issuer, ClientID: "c", Transport: told(body)})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := a.discover(t.Context(), nil); err == nil && (m.Issuer != issuer || netx.CheckURL(m.TokenURL) != nil) {
			t.Errorf("%q: %+v", body, m)
		}
	})
}

// Whatever the provider publishes as its keys, a token of somebody else's key is not verified by
// them.
func FuzzKeySets(f *testing.F) {
	i := newIDP(f)
	other := closedIDP(f)
	other.Server = i.Server
	theirs := other.idToken(nil)
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.keys[0].Public()}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(public), `{"keys":[{"kty":"oct","k":"AAAA"}]}`, `{"keys":[{}]}`, `{"keys":{}}`, `null`, `{`} {
		f.Add([]byte(s))
	}
	metadata := `{"issuer":"ISS","authorization_endpoint":"ISS/a","token_endpoint":"ISS/t","jwks_uri":"ISS/keys"}`
	f.Fuzz(func(t *testing.T, set []byte) {
		p := i.provider(t, func(o *ProviderOptions) {
			o.Transport = direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if r.URL.Path == "/keys" {
					_, _ = w.Write(set)
					return
				}
				_, _ = io.WriteString(w, strings.ReplaceAll(metadata, "ISS", i.URL))
			})}
		})
		m, err := p.metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var failure *SignInError
		if _, err := p.verify(t.Context(), m, &tokens{IDToken: theirs}, ""); !errors.As(err, &failure) && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%q: %v", set, err)
		}
	})
}

// Whatever the provider says of a person, it does not overrule what it signed, and nobody comes in
// by another's.
func FuzzUserInfo(f *testing.F) {
	i := newIDP(f)
	i.claims = map[string]any{"email": nil, "email_verified": nil}
	for _, s := range []string{
		`{"sub":"ann","email":"ann@example.com","email_verified":true}`, `{"sub":"bob","email":"bob@example.com","email_verified":true}`,
		`{"sub":["ann"],"email":"x@example.com"}`, `null`, `[]`, `{`, `{"sub":"ann","email":{},"email_verified":"true","exp":0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := i.provider(t, func(o *ProviderOptions) { o.Transport = told(body) })
		s := &state{Subject: "s", Claims: map[string]any{"sub": "ann", "name": "Ann"}}
		err := p.admit(t.Context(), &metadata{Metadata: netx.Metadata{UserInfoURL: i.URL + "/userinfo"}}, s, "access")
		if err != nil {
			err = signInFailure(err)
		}
		var failure *SignInError
		switch {
		case s.Claims["sub"] != "ann" || s.Claims["name"] != "Ann":
			t.Errorf("%q overrules: %v", body, s.Claims)
		case err == nil && s.Claims["email_verified"] != true:
			t.Errorf("%q comes in with %v", body, s.Claims)
		case err != nil && !errors.As(err, &failure) && !errors.Is(err, ErrNotAllowed) && !errors.Is(err, ErrUnavailable):
			t.Errorf("%q: %v", body, err)
		}
	})
}

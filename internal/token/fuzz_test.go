package token_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// Whatever is sent, only the token that the issuer signed is taken, in the one spelling it has.
func FuzzVerifyAcceptsOnlySignedTokens(f *testing.F) {
	w := newWorld(f)
	good := w.good()
	w.accepts(f, good)
	for _, seed := range []string{
		good, good + "=", good[:len(good)-1], "", "..", "a.b.c", "a.b.c.d.e",
		tokentest.Forge(`{"alg":"none"}`, `{}`, nil),
		tokentest.Forge(`{"alg":"ES256","kid":"key-1","crit":["b64"],"b64":false}`, `{"iss":"x"}`, []byte("sig")),
		tokentest.Forge(`{"alg":"ES256","jwk":{"kty":"oct","k":"AAAA"}}`, `[[[[`, []byte("sig")),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := w.Verify(t.Context(), raw, endpoint)
		if err == nil && raw != good {
			t.Errorf("accepted %q", raw)
		}
		if err != nil && !errors.Is(err, token.ErrInvalid) && !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("%v is neither", err)
		}
	})
}

// Whatever the issuer signs, what is taken has a subject, an end that has not come, and this
// audience.
func FuzzSignedClaims(f *testing.F) {
	w := newWorld(f)
	key := w.issuer.Key()
	for _, seed := range []string{
		`{"iss":"ISS","sub":"ann","aud":"https://mcp.example.com/mcp","exp":1900000000,"scope":"a b"}`,
		`{"iss":"ISS","sub":"ann","aud":["https://mcp.example.com/mcp/"],"exp":1.9e9,"scope":["a"],"nbf":0.5}`,
		`{"iss":"ISS","sub":"\ud800","aud":[[]],"exp":-0,"scope":{}}`, `{}`, `null`, `[[[[[[`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = []byte(strings.ReplaceAll(string(body), "ISS", w.issuer.URL))
		got, err := w.Verify(t.Context(), key.SignPayload(t, body), endpoint)
		if err != nil {
			if !errors.Is(err, token.ErrInvalid) {
				t.Errorf("%v: the keys are there", err)
			}
			return
		}
		issuer, subject, _ := strings.Cut(got.Caller.Subject, "#")
		if issuer != w.issuer.URL || subject == "" || !w.Now().Before(got.Expires.Add(30*time.Second)) || len(got.Audience) == 0 {
			t.Errorf("accepted as %+v", got)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	good, err := tokentest.NewIssuer(f).Key().Public().MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"keys":[` + string(good) + `]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, `{"keys":[{"kty":"RSA","n":"AQ","e":"AQ"}]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, `{"keys":null}`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := token.CountKeys(data); (n == 0) == (err == nil) {
			t.Errorf("%d keys and %v", n, err)
		}
	})
}

// Whatever is found where the issuer's metadata should be, it names keys over https, or it is an
// outage with a reason.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"issuer":"https://login.example.com","jwks_uri":"https://login.example.com/keys"}`,
		`{"issuer":"https://evil.example","jwks_uri":"https://login.example.com/keys"}`,
		`{"issuer":"https://login.example.com","jwks_uri":"http://login.example.com/keys"}`, `{"issuer":"https://login.example.com","jwks_uri":"file:///etc/passwd"}`,
		`{"issuer":null}`, `[]`, `{`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		address, err := token.KeysURL("https://login.example.com", document)
		if (address == "") == (err == nil) {
			t.Fatalf("%q, %v", address, err)
		}
		if u, parseErr := url.Parse(address); err == nil && (parseErr != nil || u.User != nil || u.Scheme != "https" && !netx.IsLoopback(u.Hostname())) {
			t.Errorf("keys are fetched from %q", address)
		}
	})
}

package token

import (
	"errors"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

func TestInvalidErrorSaysItsReason(t *testing.T) {
	err := &InvalidError{Reason: ReasonExpired}
	if want := string(ReasonExpired); fault.Of(err).Public != want || err.LogReason() != want {
		t.Errorf("%q %q", fault.Of(err).Public, err.LogReason())
	}
	err.detail = "more"
	if fault.Of(err).Public != string(ReasonExpired) || err.LogReason() != string(ReasonExpired)+": more" {
		t.Errorf("%q %q", fault.Of(err).Public, err.LogReason())
	}
	if got := (&ProviderKeyError{word: "signature"}).Error(); got != "token: the keys of the provider: signature" {
		t.Errorf("%q", got)
	}
}

func TestIssuerInALogLine(t *testing.T) {
	const other = "something that is not the URL of an issuer"
	base := "https://login.example.com/"
	for issuer, want := range map[string]string{
		"": "none", base: base, base + strings.Repeat("x", maxShown-len(base)): base + strings.Repeat("x", 200-len(base)),
		base + strings.Repeat("x", 201-len(base)): other, base + "?a": other, base + "#a": other, base + " a": other, "x": other,
	} {
		if got := plausible(issuer); got != want {
			t.Errorf("%q: %q", issuer, got)
		}
	}
}

func TestSizeOfATokenCountsAllOfIt(t *testing.T) {
	var token Token
	if token.size() != 32+256 {
		t.Errorf("of nothing: %d", token.size())
	}
	token.Caller.Subject, token.Caller.ClientID, token.Grant = "ann", "client", "grant"
	token.Caller.Scopes, token.Audience = []string{"a", "bc"}, []string{"def"}
	if got, want := token.size(), 288+3+6+5+3*16+6; got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

func TestUnusableKeySaysWhy(t *testing.T) {
	for raw, want := range map[string]unusableKey{
		`7`:                                      {unreadable: true, why: "is not a JSON object"},
		`{"kty":"new","kid":"k"}`:                {id: "k", unreadable: true, why: "is of a kind that is not supported"},
		`{"kty":"EC","crv":"P-256","kid":"k"}`:   {id: "k", unreadable: true, why: "cannot be read"},
		`{"kty":"oct","k":"c2VjcmV0","kid":"k"}`: {id: "k", why: "is not a public key"},
		`{"kty":"oct","issuer":7,"kid":"k"}`:     {id: "k", unreadable: true, why: "names its issuer in a form that cannot be read"},
	} {
		if _, got := parseKey([]byte(raw)); got == nil || *got != want {
			t.Errorf("%s: %+v, want %+v", raw, got, want)
		}
	}
	if _, err := parseKeys([]byte(`{"keys":[]}`)); !errors.Is(err, errNoKeys) {
		t.Error(err)
	}
}

func TestIssuersAreComparedAndChecked(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"http://a:80", "http://a"}: true, {"https://a:443/", "https://A."}: true, {"http://a:443", "http://a"}: false,
		{"https://a:80", "https://a"}: false, {"http://a:8080", "http://a"}: false, {"", ""}: false,
	} {
		if SameIssuer(pair[0], pair[1]) != want {
			t.Errorf("%q: %v", pair, !want)
		}
	}
	for issuer, want := range map[string]bool{
		"https://a": true, "https://a?": false, "https://a?x": false, "https://a#": false, "https://a/\x7f": false, "https://a/b": true,
	} {
		if (CheckIssuer(issuer) == nil) != want {
			t.Errorf("%q: %v", issuer, !want)
		}
	}
}

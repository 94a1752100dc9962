package token_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestAGoodTokenSaysWhoCallsAndWhatIsAllowed(t *testing.T) {
	w := newWorld(t)
	want := token.Token{
		Caller: identity.Caller{
			Subject:  w.issuer.URL + "#ann",
			ClientID: "some-client",
			Scopes:   []string{"messages:read", "messages:send"},
		},
		Expires:  w.Now().Add(5 * time.Minute),
		Audience: []string{endpoint},
	}
	raw := w.good()
	for _, name := range []string{"first", "cached"} {
		got := w.accepts(t, raw)
		got.Expires = got.Expires.UTC()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestEveryAsymmetricAlgorithmVerifies(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{
		jose.RS256, jose.PS256, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, tokentest.Ed25519,
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			w := newWorld(t)
			w.issuer.Publish(tokentest.NewKey(t, algorithm, "special"))
			w.accepts(t, w.good())
		})
	}
}

func TestSubjectsOfTwoIssuersDiffer(t *testing.T) {
	// The issuer is fixed, so what could go wrong is the seam: "…/a" with "b#c" must not be "…/a#b"
	// with "c".
	w := newWorld(t)
	got := w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"sub": "b#c"})))
	if issuer, subject, _ := strings.Cut(got.Caller.Subject, "#"); issuer != w.issuer.URL || subject != "b#c" {
		t.Errorf("%q splits into %q and %q", got.Caller.Subject, issuer, subject)
	}
	_, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: []string{"https://login.example.com/a#b"}})
	if err == nil {
		t.Error("an issuer with a fragment is taken")
	}
}

func TestTheSubjectClaimIsChosen(t *testing.T) {
	w := newWorld(t, func(o *token.ExternalOptions) { o.SubjectClaim = "oid" })
	got := w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"oid": "00aa"})))
	if got.Caller.Subject != w.issuer.URL+"#00aa" {
		t.Errorf("subject %q", got.Caller.Subject)
	}
	w.refuses(t, w.good(), token.ReasonSubject)
}

var errNoTexter = errors.New("not a texter")

func TestAdmissionUsesVerifiedClaims(t *testing.T) {
	var asked int
	w := newWorld(t, func(o *token.ExternalOptions) {
		o.Allow = func(claims map[string]any) error {
			asked++
			groups, _ := claims["groups"].([]any)
			if !slices.Contains(groups, any("texters")) {
				return errNoTexter
			}
			return nil
		}
	})
	denied := w.issuer.Sign(w.claims(map[string]any{"groups": []string{"others"}}))
	for range 2 {
		got, err := w.Verify(t.Context(), denied, endpoint)
		if !errors.Is(err, token.ErrDenied) || !errors.Is(err, errNoTexter) || errors.Is(err, token.ErrInvalid) || got.Caller.Subject != "" {
			t.Errorf("%+v, %v; want ErrDenied", got, err)
		}
	}
	member := w.claims(map[string]any{"groups": []string{"others", "texters"}})
	w.accepts(t, w.issuer.Sign(member))
	asked = 0
	stranger := tokentest.NewKey(t, jose.ES256, w.issuer.Key().ID)
	w.refuses(t, stranger.Sign(t, member), token.ReasonSignature)
	if asked != 0 {
		t.Error("claims that nobody verified were judged")
	}
}

func TestScopesAreReadInEveryForm(t *testing.T) {
	mapped := map[string][]string{
		"Texting.Send": {"messages:send", "messages:read"},
		"reader":       {"messages:read"},
	}
	for name, tc := range map[string]struct {
		claim string
		value any
		names map[string][]string
		want  []string
	}{
		"string":                        {"scope", "b a", nil, []string{"a", "b"}},
		"string with spaces around":     {"scope", "  a   b ", nil, []string{"a", "b"}},
		"array":                         {"scp", []string{"a", "b"}, nil, []string{"a", "b"}},
		"string in scp":                 {"scp", "a b", nil, []string{"a", "b"}},
		"twice the same":                {"scope", "a a", nil, []string{"a"}},
		"none":                          {"scope", nil, nil, nil},
		"empty":                         {"scope", "", nil, []string{}},
		"an element is one scope":       {"scp", []string{"a messages:send"}, nil, []string{"a messages:send"}},
		"a tab does not separate":       {"scope", "a\tb", nil, []string{"a\tb"}},
		"mapped":                        {"roles", []string{"Texting.Send", "reader"}, mapped, []string{"messages:read", "messages:send"}},
		"our name when it is not on it": {"scope", "messages:send other", mapped, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *token.ExternalOptions) { o.ScopeClaims, o.ScopeMap = []string{tc.claim}, tc.names })
			got := w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"scope": nil, tc.claim: tc.value})))
			if diff := cmp.Diff(tc.want, got.Caller.Scopes); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestTheAudienceDecides(t *testing.T) {
	for name, tc := range map[string]struct {
		audience any
		fixed    []string
		resource string
		good     bool
	}{
		"the resource":                {endpoint, nil, endpoint, true},
		"one of several":              {[]string{"https://other.example.com", endpoint}, nil, endpoint, true},
		"with a slash":                {endpoint + "/", nil, endpoint, true},
		"root with a slash":           {"https://mcp.example.com/", nil, "https://mcp.example.com", true},
		"root without":                {"https://mcp.example.com", nil, "https://mcp.example.com", true},
		"the root is not the path":    {"https://mcp.example.com", nil, endpoint, false},
		"the path is not the root":    {endpoint, nil, "https://mcp.example.com", false},
		"a longer path":               {endpoint + "/readonly", nil, endpoint, false},
		"another host":                {"https://mcp.example.com.evil.net/mcp", nil, endpoint, false},
		"another scheme":              {"http://mcp.example.com/mcp", nil, endpoint, false},
		"the fixed one":               {"api://clerk", []string{"api://clerk"}, endpoint, true},
		"the resource beside a fixed": {endpoint, []string{"api://clerk"}, endpoint, true},
		"the fixed one with a slash":  {"api://clerk/", []string{"api://clerk"}, endpoint, false},
		"empty string":                {"", nil, "", false},
		"only a slash":                {"/", nil, "", false},
		"empty array":                 {[]string{}, nil, endpoint, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *token.ExternalOptions) { o.Audiences = tc.fixed })
			raw := w.issuer.Sign(w.claims(map[string]any{"aud": tc.audience}))
			if _, err := w.Verify(t.Context(), raw, tc.resource); (err == nil) != tc.good {
				t.Errorf("error %v, good should be %v", err, tc.good)
			}
		})
	}
}

func TestACachedTokenIsStillBoundToItsResource(t *testing.T) {
	w := newWorld(t)
	raw := w.good()
	w.accepts(t, raw)
	if _, err := w.Verify(t.Context(), raw, "https://mcp.example.com"); err == nil {
		t.Error("a token for one endpoint is good at another once it is cached")
	}
}

func TestACachedTokenEndsWhenItExpires(t *testing.T) {
	w := newWorld(t)
	raw := w.issuer.Sign(w.claims(map[string]any{"exp": w.Now().Add(10 * time.Second).Unix()}))
	w.accepts(t, raw)
	w.Add(40*time.Second - time.Nanosecond) // the leeway
	w.accepts(t, raw)
	w.Add(time.Nanosecond)
	w.refuses(t, raw, token.ReasonExpired)
}

// newKeys makes the verifier know a new key, and that one alone.
func (w *world) newKeys(t *testing.T) {
	t.Helper()
	w.issuer.Rotate()
	w.issuer.Retire()
	w.Add(11 * time.Second)
	w.accepts(t, w.good())
}

func TestAVerifiedTokenIsTakenForAMinuteWithoutItsKey(t *testing.T) {
	w := newWorld(t)
	raw := w.good()
	w.accepts(t, raw)
	w.newKeys(t)
	w.Add(49*time.Second - time.Nanosecond)
	w.accepts(t, raw)
	w.Add(time.Nanosecond)
	w.refuses(t, raw, token.ReasonSignature)
}

func TestTheCacheStaysBoundedAndKeepsWhatIsUsed(t *testing.T) {
	w := newWorld(t)
	used, unused := w.good(), w.issuer.Sign(w.claims(map[string]any{"iat": w.Now().Unix() - 60}))
	w.accepts(t, used)
	w.accepts(t, unused)
	w.newKeys(t) // from now on both live on the cache alone
	for n := range 2 * token.CacheTokens {
		w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"jti": n})))
		w.accepts(t, used)
		if size := w.CacheSize(); size > token.CacheTokens {
			t.Fatalf("%d tokens in the cache", size)
		}
	}
	w.refuses(t, unused, token.ReasonSignature)
}

func TestNewExternalReportsAllThatIsWrong(t *testing.T) {
	_, err := token.NewExternal(t.Context(), token.ExternalOptions{
		Issuers:    []string{"ftp://login.example.com"},
		JWKSURLs:   []string{"ftp://keys"},
		Audiences:  []string{""},
		Algorithms: []string{"RS256", "none", "HS256"},
		ScopeMap:   map[string][]string{"x": nil},
		Leeway:     time.Hour,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`"ftp://login.example.com": must be https`, `"ftp://keys"`, "audience is empty", `"none"`, `"HS256"`, `"x"`, "leeway 1h",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %s:\n%v", want, err)
		}
	}
	for _, issuer := range []string{"", "login.example.com", "https://login.example.com?a", "https://me:pw@login.example.com"} {
		if _, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: []string{issuer}}); err == nil {
			t.Errorf("the issuer %q is taken", issuer)
		}
	}
}

func TestNewExternalDoesNotNeedTheIssuer(t *testing.T) {
	w := newWorld(t)
	if n := w.issuer.Requests(tokentest.MetadataPath) + w.issuer.Requests(tokentest.KeysPath); n != 0 {
		t.Errorf("%d requests at start", n)
	}
	w.issuer.Fail(http.StatusBadGateway)
	if _, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: []string{w.issuer.URL}}); err != nil {
		t.Error(err)
	}
}

package token_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestProviderKeysGiveThePayload(t *testing.T) {
	k, c := tokentest.NewKey(t, jose.ES256, "k"), newClock()
	set, fetches := keySet(t, k), 0
	keys := token.NewProviderKeys(func(context.Context) ([]byte, error) { fetches++; return set, nil }, c.Now)
	for range 2 { // fetched, then known
		got, err := keys.VerifySignature(t.Context(), k.SignPayload(t, []byte(`{"iss":"https://a.example"}`)))
		if string(got) != `{"iss":"https://a.example"}` || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if fetches != 1 {
		t.Errorf("%d fetches", fetches)
	}
}

func TestProviderKeyOfAnotherIssuerOrTenant(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	for name, tt := range map[string]struct {
		of, iss, tid string
		good         bool
	}{
		"its own":        {"https://a.example", "https://a.example", "", true},
		"another issuer": {"https://a.example", "https://b.example", "", false},
		"its tenant":     {"https://a.example/{tenantid}", "https://a.example/" + tenant, tenant, true},
		"another tenant": {"https://a.example/{tenantid}", "https://a.example/" + tenant, otherTenant, false},
	} {
		t.Run(name, func(t *testing.T) {
			set := must(json.Marshal(map[string]any{"keys": []any{k.Member(t, map[string]any{"issuer": tt.of})}}))
			keys := token.NewProviderKeys(func(context.Context) ([]byte, error) { return set, nil }, newClock().Now)
			_, err := keys.VerifySignature(t.Context(), k.Sign(t, map[string]any{"iss": tt.iss, "tid": tt.tid}))
			refused, ok := errors.AsType[*token.ProviderKeyError](err)
			if tt.good != (err == nil) || !tt.good && !ok {
				t.Fatal(err)
			}
			if ok {
				if word, temporary := refused.KeyReason(); word != "key_of_another_one" || temporary {
					t.Errorf("%q, temporary %v", word, temporary)
				}
			}
		})
	}
}

func TestProviderKeysEndWithTheRequest(t *testing.T) {
	release, done := make(chan struct{}), make(chan struct{})
	keys := token.NewProviderKeys(func(context.Context) ([]byte, error) {
		<-release
		defer close(done)
		return nil, errors.New("late")
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := keys.VerifySignature(ctx, tokentest.NewKey(t, jose.ES256, "k").Sign(t, nil)); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", got, err)
	}
	if _, _, err := keys.Count(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
	<-done
}

func TestProviderKeysCountUnusableOnes(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	set := must(json.Marshal(map[string]any{"keys": []any{k.Member(t, nil), map[string]any{"kty": "XYZ"}}}))
	keys := token.NewProviderKeys(func(context.Context) ([]byte, error) { return set, nil }, nil)
	if usable, all, err := keys.Count(t.Context()); usable != 1 || all != 2 || err != nil {
		t.Errorf("%d of %d, %v", usable, all, err)
	}
}

func TestProviderKeysAreFetchedOnceASecond(t *testing.T) {
	k, c, fetches := tokentest.NewKey(t, jose.ES256, "k"), newClock(), 0
	set := keySet(t, k)
	keys := token.NewProviderKeys(func(context.Context) ([]byte, error) { fetches++; return set, nil }, c.Now)
	unknown := tokentest.NewKey(t, jose.ES256, "unknown").Sign(t, map[string]any{})
	for _, tt := range []struct {
		after     time.Duration
		fetches   int
		temporary bool
	}{{0, 1, false}, {999 * time.Millisecond, 1, true}, {time.Millisecond, 2, false}} {
		c.Add(tt.after)
		_, err := keys.VerifySignature(t.Context(), unknown)
		refused, ok := errors.AsType[*token.ProviderKeyError](err)
		if !ok {
			t.Fatal(err)
		}
		if word, temporary := refused.KeyReason(); word != "unknown_key" || temporary != tt.temporary || fetches != tt.fetches {
			t.Errorf("%s later: %q, temporary %v, %d fetches", tt.after, word, temporary, fetches)
		}
	}
}

// sized makes a token of a size out of what sign makes of a claim and of a member of the header,
// which are as long as need be.
func sized(t *testing.T, size int, sign func(claim string, member tokentest.HeaderOption) string) string {
	t.Helper()
	for _, extra := range []string{"", "x", "xx", "xxx"} {
		member := tokentest.WithHeader("x", extra)
		n := (size - len(sign("", member))) * 3 / 4
		for d := -3; d <= 3; d++ {
			if raw := sign(strings.Repeat("x", n+d), member); len(raw) == size {
				return raw
			}
		}
	}
	t.Fatalf("no token has %d bytes", size)
	return ""
}

func ourKey(t *testing.T, l *token.Local) tokentest.Key {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(l.KeySet(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d keys, %v", len(set.Keys), err)
	}
	return tokentest.Key{ID: set.Keys[0].KeyID, Algorithm: jose.EdDSA, Private: ed25519.NewKeyFromSeed(seedA)}
}

func TestOurOwnTokenNamesItsGrantAndClient(t *testing.T) {
	c := newClock()
	l := newLocal(t, c, seedA)
	k := ourKey(t, l)
	claims := func(name string, value any) map[string]any {
		all := map[string]any{
			"iss": ourIssuer, "sub": "bob", "aud": endpoint, "client_id": "c", "grant": "g", "exp": c.Now().Add(time.Minute).Unix(),
		}
		if all[name] = value; value == nil {
			delete(all, name)
		}
		return all
	}
	if _, err := l.Verify(k.Sign(t, claims("x", "")), endpoint); err != nil {
		t.Errorf("with both: %v", err)
	}
	for _, name := range []string{"grant", "client_id"} {
		for _, value := range []any{nil, "", 1} {
			refusesLocally(t, l, k.Sign(t, claims(name, value)), endpoint, token.ReasonClaims)
		}
	}
	sign := func(claim string, member tokentest.HeaderOption) string { return k.Sign(t, claims("x", claim), member) }
	if _, err := l.Verify(sized(t, 8<<10, sign), endpoint); err != nil {
		t.Errorf("8 KiB: %v", err)
	}
	refusesLocally(t, l, sized(t, 8<<10+1, sign), endpoint, token.ReasonMalformed)
}

func TestOurOwnTokenIsRememberedOnceVerified(t *testing.T) {
	l := newLocal(t, newClock(), seedA)
	raw := issue(t, l)
	first, err := l.Inspect(raw)
	second, err2 := l.Inspect(raw)
	if err != nil || err2 != nil || &first.Audience[0] != &second.Audience[0] {
		t.Errorf("read twice, or %v, %v", err, err2)
	}
}

func TestAssertionBorders(t *testing.T) {
	k := tokentest.NewKey(t, jose.EdDSA, "k")
	with := func(name string, value any, options ...tokentest.HeaderOption) string {
		claims := assertionClaims()
		claims[name] = value
		return signAssertion(t, k, claims, options...)
	}
	sign := func(claim string, member tokentest.HeaderOption) string { return with("x", claim, member) }
	for name, tt := range map[string]struct {
		raw  string
		good bool
	}{
		"16 KiB":                 {sized(t, 16<<10, sign), true},
		"a byte more":            {sized(t, 16<<10+1, sign), false},
		"the end of 9999":        {with("exp", 253402300799), true},
		"the year 10000":         {with("exp", 253402300800), false},
		"claims that are null":   {k.SignPayload(t, []byte("null"), tokentest.WithHeader("typ", "JWT")), false},
		"claims that are a list": {k.SignPayload(t, []byte("[]"), tokentest.WithHeader("typ", "JWT")), false},
	} {
		if _, err := token.ParseAssertion(tt.raw); tt.good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeySetOfAMebibyte(t *testing.T) {
	for more, good := range []bool{true, false} {
		w := newWorld(t)
		set := keySet(t, w.issuer.Key())
		w.issuer.SetKeySet(append(set, bytes.Repeat([]byte{' '}, 1<<20+more-len(set))...))
		if good {
			w.accepts(t, w.good())
		} else {
			w.cannotTell(t, w.good())
		}
	}
}

func TestLeewayOfFiveMinutes(t *testing.T) {
	for leeway, good := range map[time.Duration]bool{5 * time.Minute: true, 5*time.Minute + 1: false} {
		_, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: []string{"https://a.example"}, Leeway: leeway})
		if good != (err == nil) {
			t.Errorf("%s: %v", leeway, err)
		}
	}
}

func TestIssuerIsAskedFiveSecondsAfterAFailure(t *testing.T) {
	w := newWorld(t)
	w.issuer.Fail(http.StatusServiceUnavailable)
	if _, wait := w.cannotTell(t, w.good()); wait != 5*time.Second {
		t.Errorf("to be tried again after %s", wait)
	}
	w.issuer.Fail(0)
	w.Add(4999 * time.Millisecond)
	w.cannotTell(t, w.good())
	w.Add(time.Millisecond)
	w.accepts(t, w.good())
}

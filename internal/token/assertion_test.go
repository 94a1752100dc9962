package token_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func assertionClaims() map[string]any {
	return map[string]any{"iss": "c", "sub": "c", "aud": "https://mcp.example.com", "jti": "1", "exp": 2000000000}
}

func signAssertion(t testing.TB, k tokentest.Key, claims map[string]any, options ...tokentest.HeaderOption) string {
	t.Helper()
	return k.Sign(t, claims, append([]tokentest.HeaderOption{tokentest.WithHeader("typ", "JWT")}, options...)...)
}

func keySet(t testing.TB, keys ...tokentest.Key) []byte {
	t.Helper()
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAssertionAlgorithms(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256, jose.RS512, jose.ES384} {
		k := tokentest.NewKey(t, algorithm, "k")
		good := algorithm == jose.RS256 || algorithm == jose.ES256 || algorithm == jose.EdDSA
		raw := signAssertion(t, k, assertionClaims())
		a, err := token.ParseAssertion(raw)
		if (err == nil) != good {
			t.Errorf("%s: %v", algorithm, err)
		}
		if err != nil {
			continue
		}
		keys, skipped, err := token.ParseKeys(keySet(t, tokentest.NewKey(t, algorithm, "other"), k), token.AssertionAlgorithms()...)
		if err != nil || skipped != 0 || keys.Verify(a) != nil {
			t.Errorf("%s: %v, %d skipped, %v", algorithm, err, skipped, keys.Verify(a))
		}
		foreign, _, _ := token.ParseKeys(keySet(t, tokentest.NewKey(t, algorithm, "k")), token.AssertionAlgorithms()...)
		if err := foreign.Verify(a); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s by another key: %v", algorithm, err)
		}
		data, err := keys.JSON()
		again, _, err2 := token.ParseKeys(data, token.AssertionAlgorithms()...)
		if err != nil || err2 != nil || again.Verify(a) != nil {
			t.Errorf("%s: written and read again: %v %v", algorithm, err, err2)
		}
	}
}

func TestAssertionsThatAreMalformed(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	claims := func(name string, value any) map[string]any {
		c := assertionClaims()
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	for name, raw := range map[string]string{
		"nothing":            "",
		"two parts":          "a.b",
		"unsigned":           tokentest.Forge(`{"alg":"none"}`, `{"iss":"c"}`, []byte("x")),
		"by a shared secret": tokentest.Forge(`{"alg":"HS256"}`, `{"iss":"c"}`, []byte("x")),
		"too long":           signAssertion(t, k, claims("x", strings.Repeat("x", 16<<10))),
		"an access token":    k.Sign(t, assertionClaims()),
		"an unknown type":    signAssertion(t, k, assertionClaims(), tokentest.WithHeader("typ", "dpop+jwt")),
		"critical":           signAssertion(t, k, assertionClaims(), tokentest.WithHeader("crit", []string{"exp"})),
		"claims twice":       k.SignPayload(t, []byte(`{"iss":"c","sub":"c","sub":"d","aud":"x","jti":"1","exp":2}`), tokentest.WithHeader("typ", "JWT")),
		"broken UTF-8":       k.SignPayload(t, []byte("{\"iss\":\"\xff\",\"sub\":\"c\",\"aud\":\"x\",\"jti\":\"1\",\"exp\":2}"), tokentest.WithHeader("typ", "JWT")),
		"no iss":             signAssertion(t, k, claims("iss", nil)),
		"no sub":             signAssertion(t, k, claims("sub", nil)),
		"no aud":             signAssertion(t, k, claims("aud", nil)),
		"no jti":             signAssertion(t, k, claims("jti", nil)),
		"jti is a number":    signAssertion(t, k, claims("jti", 1)),
		"no exp":             signAssertion(t, k, claims("exp", nil)),
		"exp is text":        signAssertion(t, k, claims("exp", "in a minute")),
		"exp overflows":      signAssertion(t, k, claims("exp", 1e300)),
		"iat is text":        signAssertion(t, k, claims("iat", "x")),
		"nbf is negative":    signAssertion(t, k, claims("nbf", -1)),
	} {
		if a, err := token.ParseAssertion(raw); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
	for _, typ := range []string{"JWT", "jwt", "application/jwt", "client-authentication+jwt", ""} {
		if _, err := token.ParseAssertion(signAssertion(t, k, assertionClaims(), tokentest.WithHeader("typ", typ))); err != nil {
			t.Errorf("type %q: %v", typ, err)
		}
	}
}

func TestUnusableKeysOfAClientAreSkipped(t *testing.T) {
	good := tokentest.NewKey(t, jose.ES256, "good")
	weak := tokentest.Key{ID: "weak", Algorithm: jose.RS256, Private: shortRSA(t)}
	secret, err := json.Marshal(jose.JSONWebKey{Key: good.Private, KeyID: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	public := string(keySet(t, good))
	inside := strings.TrimSuffix(strings.TrimPrefix(public, `{"keys":[`), "]}")
	for name, other := range map[string]string{
		"broken": `{"kty":"EC","crv":"P-256","x":"!"}`, "no object": `5`, "unknown kind": `{"kty":"XYZ"}`, "symmetric": `{"kty":"oct","k":"c2VjcmV0"}`,
		"private": string(secret), "for encryption": strings.Replace(inside, `"use":"sig"`, `"use":"enc"`, 1),
		"weak":          strings.TrimSuffix(strings.TrimPrefix(string(keySet(t, weak)), `{"keys":[`), "]}"),
		"another curve": strings.TrimSuffix(strings.TrimPrefix(string(keySet(t, tokentest.NewKey(t, jose.ES384, "x"))), `{"keys":[`), "]}"),
	} {
		if _, skipped, err := token.ParseKeys([]byte(`{"keys":[`+other+`]}`), token.AssertionAlgorithms()...); err == nil || skipped != 1 {
			t.Errorf("%s alone: %v, %d skipped", name, err, skipped)
		}
		keys, skipped, err := token.ParseKeys([]byte(`{"keys":[`+other+`,`+inside+`]}`), token.AssertionAlgorithms()...)
		if err != nil || skipped != 1 {
			t.Errorf("%s beside a good one: %v, %d skipped", name, err, skipped)
			continue
		}
		a, err := token.ParseAssertion(signAssertion(t, good, assertionClaims()))
		if err != nil || keys.Verify(a) != nil {
			t.Errorf("%s: %v %v", name, err, keys.Verify(a))
		}
	}
	if _, _, err := token.ParseKeys(keySet(t, good), "RS256"); err == nil {
		t.Error("a P-256 key signs with RS256")
	}
}

func shortRSA(t *testing.T) crypto.Signer {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeySetIsFetchedOncePerPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, rotated := tokentest.NewKey(t, jose.ES256, "old"), tokentest.NewKey(t, jose.ES256, "new")
		published, fetched := keySet(t, old), 0
		var away error
		set := token.NewKeySet(func(context.Context) (token.Keys, error) {
			fetched++
			if away != nil {
				return token.Keys{}, away
			}
			keys, _, err := token.ParseKeys(published, token.AssertionAlgorithms()...)
			return keys, err
		}, time.Minute, time.Second, time.Now)
		verify := func(k tokentest.Key) error {
			claims := assertionClaims()
			claims["iat"] = time.Now().Unix()
			a, err := token.ParseAssertion(signAssertion(t, k, claims))
			if err != nil {
				t.Fatal(err)
			}
			return set.Verify(t.Context(), a)
		}
		if err := verify(old); err != nil || fetched != 1 {
			t.Fatalf("%v, %d fetched", err, fetched)
		}
		published = keySet(t, rotated)
		for range 5 { // too early to ask again, so nobody can tell
			time.Sleep(10 * time.Second)
			if err := verify(rotated); !errors.Is(err, token.ErrUnavailable) || fetched != 1 {
				t.Fatalf("%v, %d fetched", err, fetched)
			}
		}
		time.Sleep(10 * time.Second)
		if err := verify(rotated); err != nil || fetched != 2 {
			t.Fatalf("%v, %d fetched", err, fetched)
		}
		away = errors.New("away")
		time.Sleep(time.Hour)
		if err := verify(rotated); err != nil {
			t.Errorf("while the keys are away: %v", err)
		}
		synctest.Wait()
		if err := verify(tokentest.NewKey(t, jose.ES256, "forged")); !errors.Is(err, token.ErrUnavailable) || fetched != 3 {
			t.Errorf("an unknown key while they are away: %v, %d fetched", err, fetched)
		}
		away = nil
		time.Sleep(time.Minute)
		if err := verify(rotated); err != nil {
			t.Errorf("once they are back: %v", err)
		}
		time.Sleep(time.Minute)
		if err := verify(tokentest.NewKey(t, jose.ES256, "forged")); !errors.Is(err, token.ErrInvalid) || fetched != 5 {
			t.Errorf("an unknown key: %v, %d fetched", err, fetched)
		}
	})
}

func FuzzAssertions(f *testing.F) {
	k := tokentest.NewKey(f, jose.EdDSA, "k")
	keys, _, err := token.ParseKeys(keySet(f, k), token.AssertionAlgorithms()...)
	if err != nil {
		f.Fatal(err)
	}
	good := signAssertion(f, k, assertionClaims())
	for _, s := range []string{good, "", "..", good[:len(good)-1], good + "A", strings.ReplaceAll(good, ".", ".."), "e30.e30.AAAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := token.ParseAssertion(raw)
		if err != nil {
			return
		}
		if a.Expires.IsZero() || a.Algorithm == "" {
			t.Errorf("%q: %+v", raw, a)
		}
		if keys.Verify(a) == nil && raw != good {
			t.Errorf("%q is signed", raw)
		}
	})
}

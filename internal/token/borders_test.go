package token_test

import (
	"context"
	"encoding/json"
	"errors"
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

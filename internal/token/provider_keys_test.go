package token_test

import (
	"context"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestIDTokensOfAnyType(t *testing.T) {
	k := tokentest.NewKey(t, jose.RS256, "k")
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	keys := token.NewProviderKeys(func(context.Context) ([]byte, error) { return set, nil }, nil)
	claims := map[string]any{"iss": "https://login.example.com", "sub": "ann"}
	for _, typ := range []string{"JWT", "jwt", "id_token", "ID", "application/jwt"} {
		if _, err := keys.VerifySignature(t.Context(), k.Sign(t, claims, tokentest.WithHeader("typ", typ))); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	forged := k.Sign(t, claims)
	if _, err := keys.VerifySignature(t.Context(), forged[:len(forged)-8]+"AAAAAAAA"); err == nil {
		t.Error("a signature of nobody verifies")
	}
}

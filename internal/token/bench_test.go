package token_test

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/go-jose/go-jose/v4"
)

// A call with a token that was seen within the last minute.
func BenchmarkVerifyCached(b *testing.B) {
	w := newWorld(b)
	raw := w.good()
	w.accepts(b, raw)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Verify(b.Context(), raw, endpoint); err != nil {
			b.Fatal(err)
		}
	}
}

// The first call with a token: form, claims and signature.
func BenchmarkVerifyNew(b *testing.B) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			w := newWorld(b)
			w.issuer.Publish(tokentest.NewKey(b, algorithm, "bench"))
			raws := make([]string, 5000) // more than the cache holds
			for i := range raws {
				raws[i] = w.issuer.Sign(w.claims(map[string]any{"jti": i}))
			}
			w.accepts(b, raws[0])
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := w.Verify(b.Context(), raws[i%len(raws)], endpoint); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

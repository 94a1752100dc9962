package token_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/go-jose/go-jose/v4"
)

func payload(t *testing.T, claims map[string]any) string {
	t.Helper()
	data, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRefusesTheNoneAlgorithm(t *testing.T) {
	w := newWorld(t)
	body := payload(t, w.claims(nil))
	w.accepts(t, w.good()) // the keys are there
	for alg, reason := range map[string]token.Reason{
		"none": token.ReasonUnsigned, "None": token.ReasonUnsigned, "NONE": token.ReasonUnsigned, "nOnE": token.ReasonUnsigned, "": token.ReasonAlgorithm,
	} {
		header := `{"alg":"` + alg + `","kid":"key-1","typ":"at+jwt"}`
		w.refuses(t, tokentest.Forge(header, body, []byte("x")), reason)
		w.refuses(t, tokentest.Forge(header, body, nil), token.ReasonMalformed) // no third part
	}
	w.refuses(t, tokentest.Forge(`{"kid":"key-1","typ":"at+jwt"}`, body, []byte("x")), token.ReasonAlgorithm)
	w.refuses(t, tokentest.Forge(`{"alg":null,"kid":"key-1"}`, body, []byte("x")), token.ReasonAlgorithm)
}

func TestRefusesAnHMACWithThePublicKeyAsSecret(t *testing.T) {
	w := newWorld(t)
	k := tokentest.NewKey(t, jose.RS256, "rsa")
	w.issuer.Publish(k)
	w.accepts(t, w.good())
	public := k.Private.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := k.Public().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string][]byte{
		"PEM":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"DER":     der,
		"modulus": public.N.Bytes(),
		"JWK":     jwk,
	} {
		t.Run(name, func(t *testing.T) {
			unsigned := strings.TrimSuffix(tokentest.Forge(`{"alg":"HS256","kid":"rsa","typ":"at+jwt"}`, payload(t, w.claims(nil)), nil), ".")
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(unsigned))
			w.refuses(t, unsigned+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), token.ReasonSymmetric)
		})
	}
}

func TestRefusesAnAlgorithmOffTheList(t *testing.T) {
	w := newWorld(t, func(o *token.ExternalOptions) { o.Algorithms = []string{"RS256"} })
	w.refuses(t, w.good(), token.ReasonAlgorithm) // ES256
}

func TestRefusesAKeyForAnotherPurpose(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*jose.JSONWebKey)
		want   token.Reason
	}{
		"for encryption":        {func(k *jose.JSONWebKey) { k.Use = "enc" }, token.ReasonKey},
		"for another algorithm": {func(k *jose.JSONWebKey) { k.Algorithm = "ES384" }, token.ReasonSignature},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			raw := w.good()
			set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
				w.issuer.Key().Public(), tokentest.NewKey(t, jose.EdDSA, "other").Public(),
			}}
			tc.change(&set.Keys[0])
			data, err := json.Marshal(set)
			if err != nil {
				t.Fatal(err)
			}
			w.issuer.SetKeySet(data)
			w.refuses(t, raw, tc.want)
		})
	}
}

func TestRefusesASignatureOfAnotherKey(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	stranger := tokentest.NewKey(t, jose.ES256, w.issuer.Key().ID)
	w.refuses(t, stranger.Sign(t, w.claims(nil)), token.ReasonSignature)
	stranger.ID = "unheard-of"
	w.refuses(t, stranger.Sign(t, w.claims(map[string]any{"iat": nil})), token.ReasonSignature)
	if n := w.issuer.Requests(tokentest.KeysPath); n != 1 {
		t.Errorf("%d requests for keys", n)
	}
}

func TestRefusesATokenThatWasChanged(t *testing.T) {
	w := newWorld(t)
	raw := w.good()
	w.accepts(t, raw)
	parts := strings.Split(raw, ".")
	claims := payload(t, w.claims(map[string]any{"sub": "bob"}))
	w.refuses(t, parts[0]+"."+base64.RawURLEncoding.EncodeToString([]byte(claims))+"."+parts[2], token.ReasonSignature)
	w.refuses(t, parts[0]+"."+parts[1]+"."+strings.Repeat("A", len(parts[2])), token.ReasonSignature)
	w.refuses(t, parts[0]+"."+parts[1]+"."+parts[2][:40], token.ReasonSignature)
}

// A token that brings its key along, or the address of one, is signed by whoever sends it.
func TestIgnoresKeysThatATokenBringsAlong(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	attacker := tokentest.NewKey(t, jose.ES256, "mine")
	asked := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{attacker.Public()}})
	}))
	defer elsewhere.Close()
	for name, value := range map[string]any{
		"jwk": attacker.Public(),
		"jku": elsewhere.URL + "/keys",
		"x5u": elsewhere.URL + "/cert",
	} {
		t.Run(name, func(t *testing.T) {
			for _, kid := range []string{"mine", w.issuer.Key().ID, ""} {
				raw := attacker.Sign(t, w.claims(map[string]any{"iat": nil}), tokentest.WithHeader(name, value), tokentest.WithKeyID(kid))
				w.refuses(t, raw, token.ReasonSignature)
			}
		})
	}
	if len(asked) > 0 {
		t.Errorf("%s was fetched", <-asked)
	}
}

func TestRefusesCriticalExtensions(t *testing.T) {
	w := newWorld(t)
	body := payload(t, w.claims(nil))
	for _, members := range []string{
		`"crit":["exp"],"exp":1`, `"crit":["b64"],"b64":false`, `"crit":[]`, `"crit":null`, `"crit":"x"`, `"b64":false`,
	} {
		w.refuses(t, tokentest.Forge(`{"alg":"ES256","kid":"key-1",`+members+`}`, body, []byte("x")), token.ReasonCritical)
	}
}

func TestRefusesTokensOfAnotherType(t *testing.T) {
	for typ, want := range map[string][2]bool{ // accepted by default, and when a type is required
		"at+jwt":             {true, true},
		"AT+JWT":             {true, true},
		"application/at+jwt": {true, true},
		"JWT":                {true, false},
		"":                   {true, false},
		"logout+jwt":         {},
		"dpop+jwt":           {},
		"id_token+jwt":       {},
		"application/":       {},
	} {
		for i, required := range []bool{false, true} {
			w := newWorld(t, func(o *token.ExternalOptions) { o.RequireType = required })
			raw := w.issuer.Sign(w.claims(nil), tokentest.WithHeader("typ", typ))
			if want[i] {
				w.accepts(t, raw)
			} else {
				w.refuses(t, raw, token.ReasonType)
			}
		}
	}
}

func TestRefusesAnythingButCompactJWS(t *testing.T) {
	w := newWorld(t)
	good := w.good()
	parts := strings.Split(good, ".")
	spare := good[:len(good)-1] + string(good[len(good)-1]+1) // the same bytes in another spelling, if the decoder is lax
	for name, raw := range map[string]string{
		"empty":              "",
		"opaque":             "gho_16C7e42F292c6912E7710c838347Ae178B4a",
		"encrypted":          parts[0] + ".AAAA.AAAA.AAAA.AAAA",
		"two parts":          parts[0] + "." + parts[1],
		"four parts":         good + ".AAAA",
		"no header":          "." + parts[1] + "." + parts[2],
		"no payload":         parts[0] + ".." + parts[2],
		"no signature":       parts[0] + "." + parts[1] + ".",
		"padded":             parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"spare bits":         spare,
		"a line break":       good[:10] + "\n" + good[10:],
		"a line break (CR)":  good + "\r",
		"a space":            " " + good,
		"JSON serialization": `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"header no JSON":     tokentest.Forge("alg", "{}", []byte("x")),
		"header an array":    tokentest.Forge(`["alg"]`, "{}", []byte("x")),
		"header null":        tokentest.Forge(`null`, "{}", []byte("x")),
		"two algorithms":     tokentest.Forge(`{"alg":"ES256","alg":"none"}`, "{}", []byte("x")),
		"key id a number":    tokentest.Forge(`{"alg":"ES256","kid":1}`, "{}", []byte("x")),
		"too long":           good + strings.Repeat("A", token.MaxLength),
	} {
		t.Run(name, func(t *testing.T) { w.refuses(t, raw, token.ReasonMalformed) })
	}
	if n := w.issuer.Requests(tokentest.KeysPath); n != 0 {
		t.Errorf("%d requests for keys", n)
	}
}

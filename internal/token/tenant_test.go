package token_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const otherTenant = "11111111-2222-3333-4444-555555555555"

// manyTenants is an issuer as Entra's, whose tenants share metadata and keys.
func manyTenants(t *testing.T, configured string) *world {
	t.Helper()
	w := newWorld(t, func(o *token.ExternalOptions) { o.Issuers = []string{o.Issuers[0] + configured} })
	w.issuer.SetMetadata(tokentest.MetadataPath, nil)
	document := map[string]any{"issuer": w.issuer.URL + "/{tenantid}/v2.0", "jwks_uri": w.issuer.URL + tokentest.KeysPath}
	for _, path := range []string{"/common", "/organizations"} {
		w.issuer.SetMetadata(path+"/v2.0"+tokentest.OpenIDPath, document)
	}
	return w
}

func (w *world) ofTenant(issuer string, tid any) string {
	return w.issuer.Sign(w.claims(map[string]any{"iss": w.issuer.URL + issuer, "tid": tid}))
}

func TestIssuerIsThatOfTheTokensTenant(t *testing.T) {
	for _, configured := range []string{"/{tenantid}/v2.0", "/common/v2.0", "/organizations/v2.0"} {
		t.Run(configured, func(t *testing.T) {
			w := manyTenants(t, configured)
			for _, id := range []string{tenant, otherTenant} {
				if got := w.accepts(t, w.ofTenant("/"+id+"/v2.0", id)); got.Caller.Subject != w.issuer.URL+"/"+id+"/v2.0#ann" {
					t.Errorf("%+v", got.Caller)
				}
			}
			for name, tc := range map[string]struct {
				issuer string
				tid    any
				want   token.Reason
			}{
				"of another tenant":       {"/" + tenant + "/v2.0", otherTenant, token.ReasonTenant},
				"no tid":                  {"/" + tenant + "/v2.0", nil, token.ReasonTenant},
				"tid a list":              {"/" + tenant + "/v2.0", []string{tenant}, token.ReasonTenant},
				"tid in upper case":       {"/" + strings.ToUpper(tenant) + "/v2.0", strings.ToUpper(tenant), token.ReasonTenant},
				"tid not a GUID":          {"/contoso/v2.0", "contoso", token.ReasonTenant},
				"tid with a path":         {"/" + tenant + "/x/v2.0", tenant + "/x", token.ReasonTenant},
				"tid with a line break":   {"/" + tenant + "\n/v2.0", tenant + "\n", token.ReasonTenant},
				"empty tid":               {"//v2.0", "", token.ReasonTenant},
				"the placeholder":         {"/{tenantid}/v2.0", "{tenantid}", token.ReasonTenant},
				"v1":                      {"/" + tenant + "/", tenant, token.ReasonIssuer},
				"the tenant elsewhere":    {"/x/" + tenant + "/v2.0", tenant, token.ReasonTenant},
				"something behind it all": {"/" + tenant + "/v2.0/", tenant, token.ReasonIssuer},
			} {
				t.Run(name, func(t *testing.T) { w.refuses(t, w.ofTenant(tc.issuer, tc.tid), tc.want) })
			}
		})
	}
}

// The address of metadata that tenants share is not a tenant's issuer, unless the metadata says
// that it is one after all.
func TestMetadataIssuerOfAnAddress(t *testing.T) {
	w := manyTenants(t, "/common/v2.0")
	w.refuses(t, w.ofTenant("/common/v2.0", tenant), token.ReasonKeyIssuer)
	w = manyTenants(t, "/common/v2.0")
	w.issuer.SetMetadata("/common/v2.0"+tokentest.OpenIDPath, map[string]any{"issuer": w.issuer.URL + "/common/v2.0", "jwks_uri": w.issuer.URL + tokentest.KeysPath})
	w.accepts(t, w.ofTenant("/common/v2.0", nil))
	w.refuses(t, w.ofTenant("/"+tenant+"/v2.0", tenant), token.ReasonKeyIssuer)
	w = manyTenants(t, "/common/v2.0")
	w.issuer.SetMetadata("/common/v2.0"+tokentest.OpenIDPath, map[string]any{"issuer": "https://evil.example/{tenantid}/v2.0", "jwks_uri": w.issuer.URL + tokentest.KeysPath})
	if text, _ := w.cannotTell(t, w.ofTenant("/"+tenant+"/v2.0", tenant)); !strings.Contains(text, "it says https://evil.example/{tenantid}/v2.0") {
		t.Error(text)
	}
}

// publish puts keys into the JWK set, each with changed members.
func (w *world) publish(t *testing.T, members ...map[string]any) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"keys": members})
	if err != nil {
		t.Fatal(err)
	}
	w.issuer.SetKeySet(data)
}

// A set of keys that tenants share may have keys of one tenant alone.
func TestKeySignsForItsOwnIssuerOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		issuer any // of the key
		good   bool
	}{
		"none":             {nil, true},
		"of all tenants":   {"/{tenantid}/v2.0", true},
		"of this tenant":   {"/" + tenant + "/v2.0", true},
		"of another":       {"/" + otherTenant + "/v2.0", false},
		"of another host":  {"https://evil.example/{tenantid}/v2.0", false},
		"of another shape": {"/{tenantid}/", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := manyTenants(t, "/organizations/v2.0")
			if path, ok := tc.issuer.(string); ok && path[0] == '/' {
				tc.issuer = w.issuer.URL + path
			}
			w.publish(t, w.issuer.Key().Member(t, map[string]any{"issuer": tc.issuer}))
			raw := w.ofTenant("/"+tenant+"/v2.0", tenant)
			if tc.good {
				w.accepts(t, raw)
			} else {
				w.refuses(t, raw, token.ReasonKeyIssuer)
			}
		})
	}
}

// Each of several issuers has keys of its own, and nobody's keys sign in another's name.
func TestIssuersAreNotMixedUp(t *testing.T) {
	other := tokentest.NewIssuer(t)
	w := newWorld(t, func(o *token.ExternalOptions) { o.Issuers = append(o.Issuers, other.URL) })
	own, foreign := w.claims(nil), w.claims(map[string]any{"iss": other.URL})
	if s := w.accepts(t, w.issuer.Sign(own)).Caller.Subject; s != w.issuer.URL+"#ann" {
		t.Error(s)
	}
	if s := w.accepts(t, other.Sign(foreign)).Caller.Subject; s != other.URL+"#ann" {
		t.Error(s)
	}
	w.refuses(t, other.Sign(own), token.ReasonSignature)
	w.refuses(t, w.issuer.Sign(foreign), token.ReasonSignature)
	w.refuses(t, other.Sign(w.claims(map[string]any{"iss": "https://third.example.com"})), token.ReasonIssuer)
	other.Fail(503) // holds up nobody else's
	w.Add(1e12)
	w.accepts(t, w.issuer.Sign(w.claims(nil)))
}

func TestKeySetsAreGivenInTheOrderOfTheIssuers(t *testing.T) {
	other := tokentest.NewIssuer(t)
	w := newWorld(t, func(o *token.ExternalOptions) {
		o.Issuers, o.JWKSURLs = append(o.Issuers, other.URL), []string{o.Issuers[0] + tokentest.KeysPath, other.URL + tokentest.KeysPath}
	})
	w.accepts(t, w.good())
	w.accepts(t, other.Sign(w.claims(map[string]any{"iss": other.URL})))
	if n := w.issuer.Requests(tokentest.MetadataPath) + other.Requests(tokentest.MetadataPath); n != 0 {
		t.Errorf("%d requests for metadata", n)
	}
}

func TestImpossibleIssuersAreRefused(t *testing.T) {
	const a, common = "https://a.example", "https://a.example/common/v2.0"
	for name, tc := range map[string]struct {
		issuers, keys []string
		option        string
	}{
		"none":                      {nil, nil, "Issuers"},
		"twice":                     {[]string{a, a}, nil, "Issuers"},
		"two names of one template": {[]string{common, "https://a.example/{tenantid}/v2.0"}, nil, "Issuers"},
		"other braces":              {[]string{"https://a.example/{tid}/v2.0"}, nil, "Issuers"},
		"a part of a segment":       {[]string{"https://a.example/x{tenantid}/v2.0"}, nil, "Issuers"},
		"in the host":               {[]string{"https://{tenantid}.a.example/v2.0"}, nil, "Issuers"},
		"two tenants":               {[]string{"https://a.example/{tenantid}/{tenantid}"}, nil, "Issuers"},
		"fewer keys":                {[]string{a, "https://b.example"}, []string{a}, "JWKSURLs"},
		"more keys":                 {[]string{a}, []string{a, a}, "JWKSURLs"},
		"keys without metadata":     {[]string{common}, []string{a}, "JWKSURLs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: tc.issuers, JWKSURLs: tc.keys})
			wrong, ok := errors.AsType[*token.OptionError](err)
			if !ok || wrong.Option != tc.option {
				t.Errorf("%v", err)
			}
		})
	}
}

// What keeps a key from being read is that key's fault alone, and what is about certificates is
// nobody's.
func TestKeysOfProvidersThatAreHardToRead(t *testing.T) {
	rsa := tokentest.NewKey(t, jose.RS256, "rsa")
	n, _ := rsa.Member(t, nil)["n"].(string)
	for name, tc := range map[string]struct {
		changes map[string]any
		good    bool
	}{
		"as it should be":       {nil, true},
		"an empty certificate":  {map[string]any{"x5c": []string{""}}, true},
		"a short thumbprint":    {map[string]any{"x5t": "AAAA"}, true},
		"a broken thumbprint":   {map[string]any{"x5t#S256": "!"}, true},
		"null for an issuer":    {map[string]any{"issuer": json.RawMessage("null")}, true},
		"a padded modulus":      {map[string]any{"n": n + "=="}, false},
		"an unknown kind":       {map[string]any{"kty": "XYZ"}, false},
		"an algorithm number":   {map[string]any{"alg": 5}, false},
		"an issuer of two":      {map[string]any{"issuer": []string{"a", "b"}}, false},
		"for another algorithm": {map[string]any{"alg": "RS512"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(t, w.issuer.Key().Member(t, nil), rsa.Member(t, tc.changes))
			w.accepts(t, w.good())
			raw := rsa.Sign(t, w.claims(nil))
			_, err := w.Verify(t.Context(), raw, endpoint)
			if (err == nil) != tc.good {
				t.Errorf("%v", err)
			}
		})
	}
}

// Nobody can tell whether a key that cannot be read signed a token, and which must not sign is
// known.
func TestTokenThatNamesAnUnusableKey(t *testing.T) {
	for name, tc := range map[string]struct {
		changes map[string]any
		want    token.Reason // "" for nobody can tell
		say     string
	}{
		"unreadable":     {map[string]any{"x": "!"}, "", "the key that the token names cannot be read"},
		"unknown kind":   {map[string]any{"kty": "XYZ"}, "", "is of a kind that is not supported"},
		"for encryption": {map[string]any{"use": "enc"}, token.ReasonKey, "the key is not for signatures"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			raw := w.good()
			w.publish(t, tokentest.NewKey(t, jose.ES256, "good").Member(t, nil), w.issuer.Key().Member(t, tc.changes))
			if tc.want == "" {
				if text, _ := w.cannotTell(t, raw); !strings.Contains(text, tc.say) {
					t.Error(text)
				}
				return
			}
			w.refuses(t, raw, tc.want)
			_, err := w.Verify(t.Context(), raw, endpoint)
			if refused, ok := errors.AsType[*token.InvalidError](err); !ok || !strings.Contains(refused.LogReason(), tc.say) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestByteOrderMarksAreSkipped(t *testing.T) {
	w := newWorld(t)
	const bom = "\xef\xbb\xbf"
	w.issuer.SetBytes(tokentest.MetadataPath, []byte(bom+`{"issuer":"`+w.issuer.URL+`","jwks_uri":"`+w.issuer.URL+`/keys"}`))
	w.issuer.SetKeySet(append([]byte(bom), keySet(t, w.issuer.Key())...))
	w.accepts(t, w.good())
}

func TestEd25519UnderBothNames(t *testing.T) {
	for _, signed := range []jose.SignatureAlgorithm{jose.EdDSA, tokentest.Ed25519} {
		for _, published := range []any{nil, "EdDSA", "Ed25519", "ES256"} {
			w := newWorld(t)
			k := tokentest.NewKey(t, signed, "ed")
			w.publish(t, k.Member(t, map[string]any{"alg": published}))
			raw := k.Sign(t, w.claims(nil))
			if published == "ES256" {
				if _, err := w.Verify(t.Context(), raw, endpoint); err == nil {
					t.Errorf("%s: accepted by a key for ES256", signed)
				}
				continue
			}
			w.accepts(t, raw)
			w.refuses(t, raw[:len(raw)-4]+"AAAA", token.ReasonSignature)
		}
	}
	w := newWorld(t, func(o *token.ExternalOptions) { o.Algorithms = []string{"Ed25519"} })
	k := tokentest.NewKey(t, tokentest.Ed25519, "ed")
	w.issuer.Publish(k)
	w.accepts(t, k.Sign(t, w.claims(nil)))
}

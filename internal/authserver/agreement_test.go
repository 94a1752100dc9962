package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

func TestDocumentThatOffersNothingWeTakeIsRefused(t *testing.T) {
	w := newWorld(t)
	good := string(jwks(t, tokentest.NewKey(t, jose.ES256, "k")))
	private := string(must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: tokentest.NewKey(t, jose.ES256, "k").Private}}})))
	for name, tc := range map[string]struct{ members, says string }{
		"secrets only":            {`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]`, "none and private_key_jwt"},
		"a secret":                {`"token_endpoint_auth_method":"client_secret_post"`, "none and private_key_jwt"},
		"certificates":            {`"token_endpoint_auth_method":"tls_client_auth"`, "none and private_key_jwt"},
		"no keys":                 {singularMethods, "neither jwks nor jwks_uri"},
		"keys of null":            {singularMethods + `,"jwks":null`, "neither jwks nor jwks_uri"},
		"a key set that is empty": {singularMethods + `,"jwks":{"keys":[]}`, "jwks must be"},
		"private keys":            {singularMethods + `,"jwks":` + private, "jwks must be"},
		"another algorithm":       {singularMethods + `,"token_endpoint_auth_signing_alg":"HS256","jwks":` + good, "RS256, ES256 or EdDSA"},
		"keys of another kind":    {singularMethods + `,"token_endpoint_auth_signing_alg":"RS256","jwks":` + good, "jwks must be"},
		"keys on another host":    {singularMethods + `,"jwks_uri":"https://keys.example/jwks"`, "host of the document"},
		"keys on a host below":    {singularMethods + `,"jwks_uri":"https://keys.app.example/jwks"`, "host of the document"},
		"keys on another port":    {singularMethods + `,"jwks_uri":"https://app.example:8443/jwks"`, "port 443"},
		"keys in clear text":      {singularMethods + `,"jwks_uri":"http://app.example/jwks"`, "https URL"},
		"keys behind a user name": {singularMethods + `,"jwks_uri":"https://app.example@evil.example/jwks"`, "https URL"},
		"keys in a file":          {singularMethods + `,"jwks_uri":"file:///etc/passwd"`, "https URL"},
	} {
		w.fetch = serves(documentWith(tc.members), "Cache-Control", "no-store")
		at := w.browser().open(document(w, documentID).request())
		if at.status != http.StatusBadRequest || at.location != "" || !strings.Contains(text(at.body), tc.says) {
			t.Errorf("%s: %d %q\n%s", name, at.status, at.location, text(at.body))
		}
		if strings.Contains(tc.members, singularMethods) { // what cannot be used is left out where something else is offered
			w.fetch = serves(documentWith(strings.Replace(tc.members, singularMethods, pluralMethods, 1)), "Cache-Control", "no-store")
			if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusOK {
				t.Errorf("%s, and none: %d %s", name, at.status, text(at.body))
			}
		}
	}
}

func TestKeysInADocumentVerify(t *testing.T) {
	w := newWorld(t)
	k := tokentest.NewKey(t, jose.ES256, "k")
	w.fetch = serves(documentWith(singularMethods + `,"jwks":` + string(jwks(t, k))))
	c := &signer{
		program: &program{w: w, id: documentID, redirect: webRedirect, verifier: oauth2.GenerateVerifier()}, key: k, jtis: &atomic.Int64{}, send: true,
	}
	refresh := c.login()
	c.key = tokentest.NewKey(t, jose.ES256, "k")
	status, out := c.refresh(refresh)
	wantRefused(t, "another key", status, out, http.StatusUnauthorized, "invalid_client")
}

// registers makes a client that registers keys.
func (w *world) registers(k tokentest.Key, members string) *signer {
	w.t.Helper()
	status, out := w.post(authserver.RegisterPath, "", `{"redirect_uris":["`+localRedirect+`"],"client_name":"Signs",
		"token_endpoint_auth_method":"private_key_jwt",`+members+`"jwks":`+string(jwks(w.t, k))+`}`)
	if status != http.StatusCreated || out["client_secret"] != nil || out["token_endpoint_auth_method"] != "private_key_jwt" || out["jwks"] == nil {
		w.t.Fatalf("%d %v", status, out)
	}
	return &signer{
		program: &program{w: w, id: out["client_id"].(string), redirect: localRedirect, verifier: oauth2.GenerateVerifier()},
		key:     k, jtis: &atomic.Int64{}, send: true,
	}
}

func TestRegisteredKeysAreTheClients(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		w := newWorld(t)
		c := w.registers(tokentest.NewKey(t, algorithm, "k"), "")
		refresh := c.login()
		other := w.registers(tokentest.NewKey(t, algorithm, "k"), "")
		status, out := c.program.refresh(refresh)
		wantRefused(t, "without an assertion", status, out, http.StatusUnauthorized, "invalid_client")
		status, out = c.refresh(refresh, "client_assertion", other.key.Sign(t, c.claims(), tokentest.WithHeader("typ", "JWT")))
		wantRefused(t, "with another client's key", status, out, http.StatusUnauthorized, "invalid_client")
		status, out = other.refresh(refresh)
		wantRefused(t, "by another client", status, out, http.StatusBadRequest, "invalid_grant")
		if status, out = c.refresh(refresh); status != http.StatusOK {
			t.Fatalf("%s: %d %v", algorithm, status, out)
		}
		if status, out := c.revoke(out["refresh_token"].(string)); status != http.StatusOK {
			t.Errorf("%s: %d %v", algorithm, status, out)
		}
	}
	w := newWorld(t)
	rsa := tokentest.NewKey(t, jose.RS256, "k")
	c := w.registers(rsa, `"token_endpoint_auth_signing_alg":"RS256",`)
	c.login()
	status, out := w.post(authserver.RegisterPath, "", `{"redirect_uris":["`+localRedirect+`"],"token_endpoint_auth_method":"private_key_jwt",
		"token_endpoint_auth_signing_alg":"ES256","jwks":`+string(jwks(t, rsa))+`}`)
	wantRefused(t, "keys for another algorithm", status, out, http.StatusBadRequest, "invalid_client_metadata")
}

func TestRegistrationsMayBeLong(t *testing.T) {
	w := newWorld(t)
	var redirects []string
	for i := range 20 {
		redirects = append(redirects, fmt.Sprintf(`"https://app-%02d.example/%s"`, i, strings.Repeat("r", 60)))
	}
	list := strings.Join(redirects, ",")
	status, out := w.post(authserver.RegisterPath, "", `{"redirect_uris":[`+list+`,"`+localRedirect+`"],"token_endpoint_auth_method":"none"}`)
	id, _ := out["client_id"].(string)
	if status != http.StatusCreated || len(id) > 4096 {
		t.Fatalf("%d, %d bytes", status, len(id))
	}
	c := &program{w: w, id: id, redirect: localRedirect, verifier: oauth2.GenerateVerifier()}
	access, refresh := c.tokens(w.browser())
	if len(access) > 2048 {
		t.Errorf("an access token of %d bytes", len(access))
	}
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	k := string(jwks(t, tokentest.NewKey(t, jose.RS256, "k"), tokentest.NewKey(t, jose.RS256, "l")))
	status, out = w.post(authserver.RegisterPath, "", `{"redirect_uris":[`+list+`,`+list+`],"token_endpoint_auth_method":"private_key_jwt","jwks":`+k+`}`)
	wantRefused(t, "too long", status, out, http.StatusBadRequest, "invalid_client_metadata")
}

func TestListedClientsMaySign(t *testing.T) {
	k := tokentest.NewKey(t, jose.EdDSA, "k")
	entry := func(members string) string {
		return `{"clients":[{"client_id":"bot","redirect_uris":["` + webRedirect + `"],` + members + `}]}`
	}
	set := string(jwks(t, k))
	list := must(authserver.ParseClients([]byte(entry(`"jwks":` + set))))
	w := newWorld(t, func(o *authserver.Options) { o.Clients = list })
	c := &signer{program: &program{w: w, id: "bot", redirect: webRedirect, verifier: oauth2.GenerateVerifier()}, key: k, jtis: &atomic.Int64{}, send: true}
	refresh := c.login()
	status, out := c.program.refresh(refresh)
	wantRefused(t, "without an assertion", status, out, http.StatusUnauthorized, "invalid_client")
	weak := string(jwks(t, tokentest.NewKey(t, jose.ES384, "x")))
	for members, says := range map[string]string{
		`"jwks":` + set + `,"client_secret":"0123456789abcdef"`:                                 "give one of them",
		`"jwks":` + set + `,"token_endpoint_auth_method":"none"`:                                "neither client_secret nor jwks",
		`"token_endpoint_auth_method":"private_key_jwt"`:                                        "must have jwks",
		`"token_endpoint_auth_method":"client_secret_basic"`:                                    "must have a client_secret",
		`"client_secret":"0123456789abcdef","token_endpoint_auth_method":"private_key_jwt"`:     "must have jwks",
		`"token_endpoint_auth_method":"x"`:                                                      "is not one of",
		`"jwks":{"keys":[]}`:                                                                    "keys that cannot be used",
		`"jwks":"x"`:                                                                            "keys that cannot be used",
		`"jwks":` + weak:                                                                        "keys that cannot be used (1)",
		`"jwks":` + strings.TrimSuffix(set, "]}") + `,` + strings.TrimPrefix(weak, `{"keys":[`): "keys that cannot be used (1)",
		`"jwks_uri":"https://a.example/jwks"`:                                                   "each client may have",
	} {
		if _, err := authserver.ParseClients([]byte(entry(members))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", members, err)
		}
	}
	for _, members := range []string{
		`"token_endpoint_auth_method":"none"`, `"jwks":` + set + `,"token_endpoint_auth_method":"private_key_jwt"`,
		`"client_secret":"0123456789abcdef","token_endpoint_auth_method":"client_secret_post"`,
	} {
		if _, err := authserver.ParseClients([]byte(entry(members))); err != nil {
			t.Errorf("%s: %v", members, err)
		}
	}
}

func TestLongIDsAreDeniedAndWeighedByDigest(t *testing.T) {
	id := strings.Repeat("c", 300)
	digest := grant.ClientRef(id)
	list := must(authserver.ParseClients([]byte(`{"clients":[{"client_id":"` + id + `","redirect_uris":["` + webRedirect + `"],"weight":4}],"denied":["` + id + `x"]}`)))
	if list.Weight(digest) != 4 || list.Weight(id) != 4 || list.Weight("other") != 1 {
		t.Errorf("weights %d %d", list.Weight(digest), list.Weight(id))
	}
	if !list.Denies(grant.ClientRef(id+"x")) || !list.Denies(id+"x") || list.Denies(id) || list.Denies(digest) {
		t.Error("the id of a token is not the id of the list")
	}
	byDigest := must(authserver.ParseClients([]byte(`{"denied":["` + digest + `"]}`)))
	if !byDigest.Denies(id) || !byDigest.Denies(digest) {
		t.Error("a digest denies nobody")
	}
}

func TestGrantOfBeforeMethodsWereKept(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login() // its grant has no methods
		form := refreshForm(refresh)
		d.got(d.ask(t.Context(), authserver.TokenPath, form, nil))
		form.Set("client_assertion", "x") // and one that is there is not ignored
		w := d.ask(t.Context(), authserver.TokenPath, form, nil)
		wantRefused(t, "an assertion", w.Code, object(t, w), http.StatusUnauthorized, "invalid_client")
		if w := d.ask(t.Context(), authserver.RevokePath, url.Values{"client_id": {documentID}, "token": {refresh}}, nil); w.Code != http.StatusOK {
			t.Errorf("revoking: %d", w.Code)
		}
	})
}

package authserver_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestClientsOfBothDocumentShapesSignIn(t *testing.T) {
	for name, tc := range map[string]struct {
		methods string
		send    bool
		want    int
	}{
		"both methods, with an assertion":    {pluralMethods, true, http.StatusOK},
		"both methods, without":              {pluralMethods, false, http.StatusOK},
		"private_key_jwt only, with one":     {singularMethods, true, http.StatusOK},
		"private_key_jwt only, without one":  {singularMethods, false, http.StatusUnauthorized},
		"the plural decides, with one":       {`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["private_key_jwt"]`, true, 200},
		"the plural decides, without one":    {`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["private_key_jwt"]`, false, 401},
		"methods we lack are left out":       {`"token_endpoint_auth_methods_supported":["tls_client_auth","private_key_jwt"]`, true, 200},
		"an empty plural leaves the rest":    {`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":[]`, false, 200},
		"a secret of a document is left out": {`"token_endpoint_auth_methods_supported":["client_secret_post","none"]`, false, 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, _ := w.signs(tc.methods)
			c.send = tc.send
			status, out := c.redeem(c.code())
			if status != tc.want {
				t.Fatalf("%d %v", status, out)
			}
			if status != http.StatusOK {
				wantRefused(t, name, status, out, tc.want, "invalid_client")
				return
			}
			w.forward(11 * time.Minute)
			if status, out = c.refresh(out["refresh_token"].(string)); status != http.StatusOK {
				t.Fatalf("refresh: %d %v", status, out)
			}
			access, _ := out["access_token"].(string)
			if status, out := c.revoke(out["refresh_token"].(string)); status != http.StatusOK {
				t.Fatalf("revocation: %d %v", status, out)
			}
			if status, _ := w.call(access); status != http.StatusUnauthorized {
				t.Errorf("after it: %d", status)
			}
		})
	}
}

func TestProvenLoginStaysProven(t *testing.T) {
	absent := func(t *testing.T, c *signer, token string) {
		t.Helper()
		status, out := c.program.refresh(token)
		wantRefused(t, "a refresh without an assertion", status, out, http.StatusUnauthorized, "invalid_client")
		c.send = false
		status, out = c.revoke(token)
		wantRefused(t, "a revocation without one", status, out, http.StatusUnauthorized, "invalid_client")
		c.send = true
	}
	t.Run("from its code on", func(t *testing.T) {
		c, _ := newWorld(t).signs(pluralMethods)
		refresh := c.login()
		absent(t, c, refresh)
		if status, out := c.refresh(refresh); status != http.StatusOK { // and a refusal has ended nothing
			t.Errorf("%d %v", status, out)
		}
	})
	t.Run("from a refresh on", func(t *testing.T) {
		c, _ := newWorld(t).signs(pluralMethods)
		c.send = false
		refresh := c.login()
		_, out := c.refresh(refresh)
		second := out["refresh_token"].(string)
		c.send = true
		// Within the grace period the refresh token stays what it is, and the proof is noted all
		// the same.
		status, out := c.refresh(second)
		if status != http.StatusOK || out["refresh_token"] != second {
			t.Fatalf("%d %v", status, out)
		}
		absent(t, c, second)
	})
	t.Run("whatever the document says by then", func(t *testing.T) {
		c, h := newWorld(t).signs(singularMethods)
		refresh := c.login()
		h.change(func(h *host) { h.document = documentWith(`"token_endpoint_auth_method":"none"`) })
		c.w.forward(time.Hour)
		absent(t, c, refresh)
		h.change(func(h *host) { h.down = true })
		c.w.forward(time.Hour)
		absent(t, c, refresh)
	})
	t.Run("for an access token as well", func(t *testing.T) {
		c, _ := newWorld(t).signs(pluralMethods)
		_, out := c.redeem(c.code())
		absent(t, c, out["refresh_token"].(string))
		c.send = false
		status, out := c.revoke(out["access_token"].(string))
		wantRefused(t, "its revocation", status, out, http.StatusUnauthorized, "invalid_client")
	})
}

func TestAssertionsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	c, h := w.signs(pluralMethods)
	refresh := c.login()
	now := func() int64 { return w.now().Unix() }
	forged, weakly := tokentest.NewKey(t, jose.RS256, "key-1"), tokentest.NewKey(t, jose.ES256, "es")
	h.change(func(h *host) { h.keys = jwks(t, c.key, weakly) })
	jwt := tokentest.WithHeader("typ", "JWT")
	for name, changes := range map[string][]string{
		"forged":               {"client_assertion", forged.Sign(t, c.claims(), jwt)},
		"by another algorithm": {"client_assertion", weakly.Sign(t, c.claims(), jwt)},
		"of another client":    {"client_assertion", c.sign("iss", "https://b.example/c", "sub", "https://b.example/c")},
		"iss is not sub":       {"client_assertion", c.sign("iss", "https://b.example/c")},
		"sub is not client_id": {"client_id", "https://b.example/c"},
		"for another server":   {"client_assertion", c.sign("aud", "https://other.example/oauth/token")},
		"for two":              {"client_assertion", c.sign("aud", []string{w.url, "https://other.example"})},
		"for nobody":           {"client_assertion", c.sign("aud", []string{})},
		"for the MCP endpoint": {"client_assertion", c.sign("aud", w.url+"/mcp")},
		"expired":              {"client_assertion", c.sign("exp", now()-61)},
		"too long":             {"client_assertion", c.sign("exp", now()+3600)},
		"issued tomorrow":      {"client_assertion", c.sign("iat", now()+86400)},
		"not valid yet":        {"client_assertion", c.sign("nbf", now()+120)},
		"without exp":          {"client_assertion", c.sign("exp", nil)},
		"without jti":          {"client_assertion", c.sign("jti", nil)},
		"with an empty jti":    {"client_assertion", c.sign("jti", "")},
		"with a huge jti":      {"client_assertion", c.sign("jti", strings.Repeat("j", 513))},
		"not a JWT":            {"client_assertion", "x"},
		"an access token":      {"client_assertion", c.key.Sign(t, c.claims())},
		"a wrong type":         {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
		"a type alone":         {"client_assertion", ""},
	} {
		for _, missing := range []bool{false, true} {
			if missing && (name == "a wrong type" || name == "a type alone") {
				continue
			}
			form := changes
			if missing { // it is an assertion all the same
				form = append([]string{"client_assertion_type", ""}, changes...)
			}
			status, out := c.refresh(refresh, form...)
			wantRefused(t, name, status, out, http.StatusUnauthorized, "invalid_client")
			status, out = c.revoke(refresh, form...)
			wantRefused(t, name+", revoking", status, out, http.StatusUnauthorized, "invalid_client")
		}
	}
	status, out := c.refresh(refresh, "client_secret", "x")
	wantRefused(t, "a secret beside it", status, out, http.StatusBadRequest, "invalid_request")
	// Nobody can tell whether this is another client's, since that has a document of its own, which
	// cannot be read.
	status, out = c.refresh(refresh, "client_assertion", c.sign("iss", "https://b.example/c", "sub", "https://b.example/c"), "client_id", "")
	wantRefused(t, "of another client", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("nothing of it has ended the login: %d %v", status, out)
	}
}

func TestAssertionsThatAreTaken(t *testing.T) {
	w := newWorld(t)
	c, _ := w.signs(singularMethods)
	refresh := c.login()
	now := w.now().Unix()
	for name, changes := range map[string][]string{
		"for the issuer":          {"client_assertion", c.sign("aud", w.url)},
		"for a list of one":       {"client_assertion", c.sign("aud", []string{w.url + "/oauth/token"})},
		"without a type":          {"client_assertion_type", ""},
		"without client_id":       {"client_id", ""},
		"without iat":             {"client_assertion", c.sign("iat", nil)},
		"a clock that is behind":  {"client_assertion", c.sign("iat", now-400, "exp", now-30)},
		"a clock that is ahead":   {"client_assertion", c.sign("iat", now+50, "nbf", now+50, "exp", now+630)},
		"without a key id":        {"client_assertion", c.key.Sign(t, c.claims(), tokentest.WithHeader("typ", "JWT"), tokentest.WithKeyID(""))},
		"the type of the new RFC": {"client_assertion", c.key.Sign(t, c.claims(), tokentest.WithHeader("typ", "client-authentication+jwt"))},
	} {
		if status, out := c.refresh(refresh, changes...); status != http.StatusOK {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
}

func TestAssertionIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	c, _ := w.signs(pluralMethods)
	refresh := c.login()
	t.Run("one after another", func(t *testing.T) {
		a := c.sign()
		if status, out := c.refresh(refresh, "client_assertion", a); status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
		status, out := c.refresh(refresh, "client_assertion", a)
		wantRefused(t, "again", status, out, http.StatusUnauthorized, "invalid_client")
		status, out = c.revoke(refresh, "client_assertion", a)
		wantRefused(t, "to revoke", status, out, http.StatusUnauthorized, "invalid_client")
		w.forward(5*time.Minute + 59*time.Second) // the last second in which it is taken
		status, out = c.refresh(refresh, "client_assertion", a)
		wantRefused(t, "in the end", status, out, http.StatusUnauthorized, "invalid_client")
	})
	t.Run("at once", func(t *testing.T) {
		a := c.sign()
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 8 {
			wg.Go(func() {
				status, _ := c.refresh(refresh, "client_assertion", a)
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		wg.Wait()
		if statuses[http.StatusOK] != 1 || statuses[http.StatusUnauthorized] != 7 {
			t.Errorf("%v", statuses)
		}
	})
	t.Run("a forged one uses up nothing", func(t *testing.T) {
		claims := c.claims()
		forged := tokentest.NewKey(t, jose.RS256, "key-1").Sign(t, claims, tokentest.WithHeader("typ", "JWT"))
		status, out := c.refresh(refresh, "client_assertion", forged)
		wantRefused(t, "forged", status, out, http.StatusUnauthorized, "invalid_client")
		if status, out := c.refresh(refresh, "client_assertion", c.key.Sign(t, claims, tokentest.WithHeader("typ", "JWT"))); status != http.StatusOK {
			t.Errorf("%d %v", status, out)
		}
	})
}

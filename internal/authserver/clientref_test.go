package authserver_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"golang.org/x/oauth2"
)

// The deny list matches the beginning of a document's URL, so an access token has all of that.
func TestAccessTokenNamesADocumentByItsURL(t *testing.T) {
	w := newWorld(t)
	id := "https://app.example/" + strings.Repeat("x", 500)
	w.fetch = serves(strings.Replace(goodDocument, documentID, id, 1))
	access, _ := document(w, id).tokens(w.browser())
	claims := string(must(base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])))
	if !strings.Contains(claims, `"client_id":"`+id+`"`) {
		t.Error(claims)
	}
}

// A client whose id is too long for a cookie is known by its digest, and by nobody else's id.
func TestAClientWithALongIDIsKnownByItsDigest(t *testing.T) {
	w := newWorld(t)
	long := func(name string) *program {
		_, out := w.post("/oauth/register", "", `{"client_name":"`+name+`","redirect_uris":["`+localRedirect+`","https://vscode.dev/redirect",
			"https://insiders.vscode.dev/redirect"],"token_endpoint_auth_method":"none"}`)
		id, _ := out["client_id"].(string)
		if len(id) <= 128 {
			t.Fatalf("an id of %d bytes", len(id))
		}
		return &program{w: w, id: id, redirect: localRedirect, verifier: oauth2.GenerateVerifier()}
	}
	c, other := long("One"), long("Two")
	access, refresh := c.tokens(w.browser())
	claims := string(must(base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])))
	if !strings.Contains(claims, `"client_id":"`+grant.ClientRef(c.id)+`"`) {
		t.Errorf("the access token names another client: %s", claims)
	}
	status, out := other.refresh(refresh)
	wantRefused(t, "another client's refresh", status, out, http.StatusBadRequest, "invalid_grant")
	revoke := func(c *program, token string) (int, map[string]any) {
		return w.post(authserver.RevokePath, formType, url.Values{"client_id": {c.id}, "token": {token}}.Encode())
	}
	for _, token := range []string{access, refresh} {
		status, out = revoke(other, token)
		wantRefused(t, "another client's revocation", status, out, http.StatusBadRequest, "unauthorized_client")
	}
	if status, out = c.refresh(refresh); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	if status, out := revoke(c, out["refresh_token"].(string)); status != http.StatusOK {
		t.Errorf("its own revocation: %d %v", status, out)
	}
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("after it: %d", status)
	}
	status, out = other.redeem(w.browser().signIn(c.request()).Get("code"), "code_verifier", c.verifier)
	wantRefused(t, "another client's code", status, out, http.StatusBadRequest, "invalid_grant")
}

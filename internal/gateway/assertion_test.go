package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// A client that signs goes through all of it, and no replica takes an assertion that another one
// has taken.
func TestClientThatSignsIsServedByEveryReplica(t *testing.T) {
	t.Parallel()
	world := signIn(t, "login", nil)
	k := tokentest.NewKey(t, jose.ES256, "k")
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	a := world.do(t, http.MethodPost, "/oauth/register", `{"client_name":"Signs","redirect_uris":["`+clientRedirect+`"],`+
		`"token_endpoint_auth_method":"private_key_jwt","jwks":`+string(set)+`}`, "Content-Type", "application/json")
	var registered struct {
		ID string `json:"client_id"`
	}
	if decode(t, a.body, &registered); registered.ID == "" {
		t.Fatalf("registering: %d %s", a.status, a.body)
	}
	assertion := func(id string) string {
		return k.Sign(t, map[string]any{
			"iss": registered.ID, "sub": registered.ID, "aud": world.base, "jti": id, "exp": time.Now().Add(time.Minute).Unix(),
		}, tokentest.WithHeader("typ", "JWT"))
	}
	ask := func(form url.Values) (status int, out map[string]any) {
		a := world.do(t, http.MethodPost, "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		decode(t, a.body, &out)
		return a.status, out
	}
	q := world.browse(t, world.base+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {registered.ID}, "redirect_uri": {clientRedirect}, "resource": {world.base + "/mcp"},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode())
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {clientRedirect}, "code_verifier": {verifier},
		"client_id": {registered.ID},
	}
	if status, out := ask(form); status != http.StatusUnauthorized || out["error"] != "invalid_client" {
		t.Fatalf("without an assertion: %d %v", status, out)
	}
	form.Set("client_assertion", assertion("1"))
	status, out := ask(form)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	access, _ := out["access_token"].(string)
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {out["refresh_token"].(string)}}
	for range 2 { // each replica
		refresh.Set("client_assertion", form.Get("client_assertion"))
		if status, out := ask(refresh); status != http.StatusUnauthorized || out["error"] != "invalid_client" {
			t.Errorf("the same assertion: %d %v", status, out)
		}
	}
	refresh.Set("client_assertion", assertion("2"))
	if status, out := ask(refresh); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	if a := world.do(t, http.MethodPost, "/mcp", ping, "Content-Type", "application/json", "Authorization", "Bearer "+access); a.status != http.StatusOK {
		t.Errorf("a call: %d %s", a.status, a.body)
	}
}

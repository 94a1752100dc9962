package authserver_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// A document is written for every server: what does not count here may be anything.
func TestDocumentIsReadLeniently(t *testing.T) {
	type want struct {
		methods   []string
		redirects int
		problem   string // what the error says, "" if it is fine
	}
	none, both, key := []string{"none"}, []string{"none", "private_key_jwt"}, []string{"private_key_jwt"}
	for more, want := range map[string]want{
		``: {none, 1, ""},
		`"client_name":7,"grant_types":"x","response_types":{},"jwks_uri":[],"logo_uri":null,"software_id":{}`: {none, 1, ""},
		`"client_secret":null,"client_secret_expires_at":0`:                                                    {none, 1, ""},
		`"client_secret":""`: {nil, 0, "must not have a client_secret"},
		`"grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"]`: {none, 1, ""},
		`"grant_types":["client_credentials"]`:               {nil, 0, "authorization_code among its grant_types"},
		`"response_types":["token"]`:                         {nil, 0, "code among its response_types"},
		`"grant_types":[]`:                                   {none, 1, ""},
		`"token_endpoint_auth_method":"none"`:                {none, 1, ""},
		`"token_endpoint_auth_method":""`:                    {none, 1, ""},
		`"token_endpoint_auth_method":null`:                  {none, 1, ""},
		`"token_endpoint_auth_method":7`:                     {nil, 0, "token_endpoint_auth_method"},
		`"token_endpoint_auth_method":"private_key_jwt"`:     {key, 1, ""},
		`"token_endpoint_auth_method":"client_secret_basic"`: {nil, 0, "none and private_key_jwt"},
		`"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none","private_key_jwt"]`:    {both, 1, ""},
		`"token_endpoint_auth_method":"client_secret_post","token_endpoint_auth_methods_supported":["private_key_jwt","none"]`: {both, 1, ""},
		`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["private_key_jwt"]`:                      {key, 1, ""},
		`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["client_secret_jwt"]`:                    {nil, 0, "none and private_key_jwt"},
		`"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":[]`:                                       {none, 1, ""},
		`"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":null`:                          {key, 1, ""},
		`"token_endpoint_auth_methods_supported":"none"`:                                                                       {nil, 0, "token_endpoint_auth_methods_supported"},
		`"redirect_uris":["x","` + webRedirect + `","` + webRedirect + `",7,"http://127.0.0.1/cb","javascript:x"]`:             {none, 2, ""},
		`"redirect_uris":["javascript:x"]`:      {nil, 0, "redirect 1 of 1"},
		`"redirect_uris":[]`:                    {nil, 0, "at least one entry"},
		`"redirect_uris":"` + webRedirect + `"`: {nil, 0, "at least one entry"},
		`"client_id":"https://other.example/c"`: {nil, 0, "its own URL as its client_id"},
		`"client_id":null`:                      {nil, 0, "its own URL as its client_id"},
	} {
		body := strings.TrimSuffix(goodDocument, "}") + `,"jwks_uri":"` + keysURL + `",` + more + "}"
		if more == "" {
			body = "\xef\xbb\xbf" + goodDocument // a byte order mark
		}
		got, err := authserver.ReadDocument(documentID, []byte(body))
		switch {
		case want.problem != "":
			if err == nil || !strings.Contains(err.Error(), want.problem) || strings.ContainsAny(err.Error(), `"\`) {
				t.Errorf("%s: %v", more, err)
			}
		case err != nil:
			t.Errorf("%s: %v", more, err)
		case !slices.Equal(got.Methods, want.methods) || len(got.Redirects) != want.redirects:
			t.Errorf("%s: %+v", more, got)
		}
	}
	for _, bad := range []string{"", "null", "[]", `"x"`, "{", "\xff"} {
		if _, err := authserver.ReadDocument(documentID, []byte(bad)); err == nil || !strings.Contains(err.Error(), "must be a JSON object") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

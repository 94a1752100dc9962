package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func TestARegisteredClientIsItsID(t *testing.T) {
	w := newWorld(t)
	// What VS Code registers.
	status, out := w.post("/oauth/register", "", `{
		"client_name":"Visual Studio Code","client_uri":"https://code.visualstudio.com","grant_types":["authorization_code","refresh_token"],
		"response_types":["code"],"redirect_uris":["https://insiders.vscode.dev/redirect","https://vscode.dev/redirect",
		"http://127.0.0.1/","http://127.0.0.1:33418/"],"token_endpoint_auth_method":"none","application_type":"native"}`)
	id, _ := out["client_id"].(string)
	if status != http.StatusCreated || len(id) > 512 || out["client_secret"] != nil || out["client_secret_expires_at"] != nil ||
		out["token_endpoint_auth_method"] != "none" || len(out["redirect_uris"].([]any)) != 4 || out["client_id_issued_at"] == nil {
		t.Fatalf("%d %d bytes %v", status, len(id), out)
	}
	// Nothing is kept: the other replica knows it, and so does one with an empty store.
	for range 2 {
		c := &program{w: w, id: id, redirect: "http://127.0.0.1:60000/", verifier: "v"}
		if at := w.browser().open(c.request()); at.status != http.StatusOK {
			t.Errorf("%d", at.status)
		}
	}
	status, again := w.post("/oauth/register", "", `{"redirect_uris":["https://vscode.dev/redirect"]}`)
	if status != http.StatusCreated || again["token_endpoint_auth_method"] != "client_secret_basic" || again["client_secret"] == "" ||
		again["client_secret_expires_at"] != 0.0 {
		t.Errorf("a method that is left out: %d %v", status, again)
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	long := `"https://a.example/` + strings.Repeat("x", 1500) + `"`
	for name, tc := range map[string]struct{ body, code string }{
		"no JSON":            {`redirect_uris=x`, "invalid_client_metadata"},
		"nothing":            {``, "invalid_client_metadata"},
		"more than one":      {`{"redirect_uris":["https://a.example"]} {}`, "invalid_client_metadata"},
		"oversized":          {`{"client_name":"` + strings.Repeat("x", 17<<10) + `"}`, "invalid_client_metadata"},
		"no redirect":        {`{}`, "invalid_redirect_uri"},
		"too much for an id": {`{"redirect_uris":[` + strings.Repeat(long+`,`, 20) + long + `]}`, "invalid_client_metadata"},
		"key authentication": {`{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		"keys elsewhere": {`{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt",
			"jwks_uri":"https://a.example/jwks"}`, "invalid_client_metadata"},
		"unknown method":      {`{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"tls_client_auth"}`, "invalid_client_metadata"},
		"implicit":            {`{"redirect_uris":["https://a.example"],"response_types":["token"]}`, "invalid_client_metadata"},
		"other grants":        {`{"redirect_uris":["https://a.example"],"grant_types":["client_credentials"]}`, "invalid_client_metadata"},
		"http elsewhere":      {`{"redirect_uris":["http://a.example/cb"]}`, "invalid_redirect_uri"},
		"http like loopback":  {`{"redirect_uris":["http://localhost.evil.example/cb"]}`, "invalid_redirect_uri"},
		"script":              {`{"redirect_uris":["javascript:alert(1)"]}`, "invalid_redirect_uri"},
		"script in capitals":  {`{"redirect_uris":["JavaScript:alert(1)"]}`, "invalid_redirect_uri"},
		"data":                {`{"redirect_uris":["data:text/html,x"]}`, "invalid_redirect_uri"},
		"fragment":            {`{"redirect_uris":["https://a.example/cb#x"]}`, "invalid_redirect_uri"},
		"empty fragment":      {`{"redirect_uris":["https://a.example/cb#"]}`, "invalid_redirect_uri"},
		"user name":           {`{"redirect_uris":["https://user@a.example/cb"]}`, "invalid_redirect_uri"},
		"relative":            {`{"redirect_uris":["/cb"]}`, "invalid_redirect_uri"},
		"no host":             {`{"redirect_uris":["https:///cb"]}`, "invalid_redirect_uri"},
		"line break":          {`{"redirect_uris":["https://a.example/cb\n"]}`, "invalid_redirect_uri"},
		"the second is wrong": {`{"redirect_uris":["https://a.example/cb","x"]}`, "invalid_redirect_uri"},
	} {
		status, out := w.post("/oauth/register", "", tc.body)
		wantRefused(t, name, status, out, http.StatusBadRequest, tc.code)
	}
}

func TestASecretIsAskedForInEitherWay(t *testing.T) {
	w := newWorld(t, listed(t))
	_, out := w.post("/oauth/register", "", `{"redirect_uris":["`+localRedirect+`"],"token_endpoint_auth_method":"client_secret_post"}`)
	registered := &program{w: w, id: out["client_id"].(string), secret: out["client_secret"].(string), redirect: localRedirect, verifier: strings.Repeat("v", 43)}
	listed := &program{w: w, id: "warehouse", secret: "a-secret-of-the-warehouse", redirect: webRedirect, verifier: strings.Repeat("v", 43)}
	for name, c := range map[string]*program{"registered": registered, "listed": listed} {
		_, refresh := c.tokens(w.browser())
		for what, secret := range map[string]string{"no secret": "", "wrong secret": "x", "another's secret": w.secretOfAnother()} {
			status, out := c.refresh(refresh, "client_secret", secret)
			wantRefused(t, name+" "+what, status, out, http.StatusUnauthorized, "invalid_client")
		}
		basic := func(id, secret, more string) (*http.Response, string) {
			f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}.Encode() + more
			req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/oauth/token", strings.NewReader(f)))
			req.Header.Set("Content-Type", formType)
			req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))))
			resp := must(w.server.Client().Do(req))
			defer func() { _ = resp.Body.Close() }()
			var out struct {
				Error string `json:"error"`
			}
			_ = json.NewDecoder(resp.Body).Decode(&out)
			return resp, out.Error
		}
		if resp, code := basic(c.id, "wrong", ""); resp.StatusCode != http.StatusUnauthorized || code != "invalid_client" ||
			!strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: %d %s %v", name, resp.StatusCode, code, resp.Header)
		}
		if resp, code := basic(c.id, c.secret, "&client_secret=x"); resp.StatusCode != http.StatusBadRequest || code != "invalid_request" {
			t.Errorf("%s, both ways: %d %s", name, resp.StatusCode, code)
		}
		if resp, code := basic(c.id, c.secret, ""); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", name, resp.StatusCode, code)
		}
	}
	public := w.program(localRedirect)
	_, refresh := public.tokens(w.browser())
	status, got := public.refresh(refresh, "client_secret", "x")
	wantRefused(t, "a secret of a public client", status, got, http.StatusUnauthorized, "invalid_client")
	status, got = public.refresh(refresh, "client_id", "")
	wantRefused(t, "no client", status, got, http.StatusUnauthorized, "invalid_client")
	status, got = public.refresh(refresh, "client_id", "blocked")
	wantRefused(t, "a blocked client", status, got, http.StatusUnauthorized, "invalid_client")
}

func (w *world) secretOfAnother() string {
	_, out := w.post("/oauth/register", "", `{"redirect_uris":["`+localRedirect+`"]}`)
	return out["client_secret"].(string)
}

func TestAListOfClientsIsCheckedAsAWholeAndQuotesNoSecret(t *testing.T) {
	_, err := authserver.ParseClients([]byte(`{"clients":[
		{"client_id":"","redirect_uris":["https://a.example"]},
		{"client_id":"a","client_secret":"tooshort"},
		{"client_id":"b","redirect_uris":["http://a.example"]},
		{"client_id":"b","redirect_uris":["https://a.example"]}]}`))
	for _, want := range []string{"client 1", "client 2", "8 characters", "at least one of redirect_uris", "client 3", "https", "client 4", "twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "tooshort") {
		t.Errorf("quotes a secret: %v", err)
	}
	for _, bad := range []string{"", "[]", `{"clients":[{"id":"x"}]}`, `{} {}`, `{"clients":1}`} {
		if _, err := authserver.ParseClients([]byte(bad)); err == nil {
			t.Errorf("%q is a list", bad)
		}
	}
	if _, err := authserver.ParseClients([]byte(`{}`)); err != nil {
		t.Error(err)
	}
}

// A client is denied by its id, so an id must not have another spelling that opens too.
func TestAnIDHasOneSpelling(t *testing.T) {
	w := newWorld(t)
	for _, redirect := range []string{"https://a.example/", "https://a.example/x", "https://a.example/xy"} { // one of them leaves bits over
		c := w.program(redirect)
		other := *c
		for i := range len(c.id) {
			for _, spelling := range []string{
				c.id[:i] + "\n" + c.id[i:], c.id[:i] + "=" + c.id[i:], c.id + string(c.id[i]), c.id[:i] + string(c.id[i]^1) + c.id[i+1:],
			} {
				other.id = spelling
				if i > 8 && i < len(c.id)-8 {
					continue // it is the same in the middle
				}
				if status, out := other.refresh("x"); out["error"] != "invalid_client" {
					t.Fatalf("%q is %q too: %d %v", spelling, c.id, status, out)
				}
			}
		}
		if _, out := c.refresh("x"); out["error"] != "invalid_grant" {
			t.Errorf("the client itself: %v", out)
		}
	}
}

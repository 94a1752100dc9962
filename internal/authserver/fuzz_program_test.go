package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// Whatever registers gets an id that fits, with redirects that are some, or an error of RFC 7591.
func FuzzRegistrations(f *testing.F) {
	w := newWorldOver(f, false)
	for _, s := range []string{
		`{"redirect_uris":["` + localRedirect + `"],"client_name":"x","token_endpoint_auth_method":"none"}`,
		`{"redirect_uris":["https://a.example"],"grant_types":["authorization_code"],"response_types":["code"]}`,
		`{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt","jwks":` +
			string(jwks(f, tokentest.NewKey(f, jose.ES256, "k"))) + `}`,
		`{"redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[5]}}`,
		`{"redirect_uris":["javascript:x"]}`, `{"redirect_uris":[null]}`, `{"redirect_uris":"x"}`, `null`, `[]`, `{"client_name":"\ud800"}`, "{",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.RegisterPath, strings.NewReader(string(body)))
		rec := w.serveOnce(r)
		var out struct {
			ID        string   `json:"client_id"`
			Redirects []string `json:"redirect_uris"`
			Error     string   `json:"error"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			t.Fatalf("%q: %s", body, rec.Body)
		}
		bad := slices.ContainsFunc(out.Redirects, func(r string) bool { return authserver.CheckRedirect(r) != "" })
		switch rec.Code {
		case http.StatusCreated:
			if out.ID == "" || len(out.ID) > 4096 || len(out.Redirects) == 0 || bad {
				t.Errorf("%q: %s", body, rec.Body)
			}
		case http.StatusBadRequest:
			if out.Error == "" || out.ID != "" {
				t.Errorf("%q: %s", body, rec.Body)
			}
		default:
			t.Errorf("%q: %d", body, rec.Code)
		}
	})
}

// Whatever stands in the header, only a client's own secret makes it that client.
func FuzzClientAuthentication(f *testing.F) {
	w := newWorldOver(f, false, listed(f))
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	for _, s := range []string{
		basic("warehouse", "a-secret-of-the-warehouse"), basic("warehouse", ""), basic("warehouse", "x"), basic("%zz", "x"), basic("", ""),
		"Basic", "Basic !", "Bearer x", basic("blocked", "x"),
	} {
		f.Add(s, "")
		f.Add(s, "client_id=warehouse")
		f.Add(s, "client_id=warehouse&client_secret=x")
	}
	f.Fuzz(func(t *testing.T, header, more string) {
		body := "token=unknown&" + more
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.RevokePath, strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Authorization", header)
		user, password, _ := r.BasicAuth()
		rec := w.serveOnce(r) // an unknown token is as good as revoked: 200 says that the client is known
		if rec.Code >= 500 || rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest && rec.Code != http.StatusUnauthorized {
			t.Errorf("%q %q: %d", header, more, rec.Code)
		}
		named, _ := url.ParseQuery(more)
		id, err1 := url.QueryUnescape(user)
		secret, err2 := url.QueryUnescape(password)
		known := err1 == nil && err2 == nil && id == "warehouse" && secret == "a-secret-of-the-warehouse" ||
			named.Get("client_id") == "warehouse" && named.Get("client_secret") == "a-secret-of-the-warehouse" ||
			strings.HasPrefix(named.Get("client_id"), "https://") || strings.HasPrefix(id, "https://") // public
		if rec.Code == http.StatusOK && !known {
			t.Errorf("%q %q is a client", header, more)
		}
	})
}

// Whatever a server says of its document's age, it is kept for no less than nothing and no more
// than a day.
func FuzzDocumentLives(f *testing.F) {
	f.Add("max-age=600, public", "", "10")
	f.Add(`no-store`, "Thu, 01 Jan 2099 00:00:00 GMT", "-1")
	f.Add(`max-age="99999999999"`, "0", "99999999999")
	f.Fuzz(func(t *testing.T, control, expires, age string) {
		h := http.Header{"Cache-Control": {control}, "Expires": {expires}, "Age": {age}}
		if life := authserver.DocumentLife(h, time.Now()); life < 0 || life > 24*time.Hour {
			t.Errorf("%v: %v", h, life)
		}
	})
}

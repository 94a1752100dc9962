package authserver_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

const reporterSecret = "a-secret-of-the-reporter"

// softwareList has two clients that act for themselves, one that people sign in with too, and one
// that only they do.
func softwareList(t testing.TB, k tokentest.Key) func(*authserver.Options) {
	return func(o *authserver.Options) {
		o.Clients = must(authserver.ParseClients([]byte(`{"clients":[
			{"client_id":"reporter","client_secrets":["` + reporterSecret + `","the-next-secret-of-it"],"client_name":"Nightly report",
			 "grant_types":["client_credentials"],"scope":"messages:read messages:send"},
			{"client_id":"signer","jwks":` + string(jwks(t, k)) + `,"grant_types":["client_credentials"],"scope":"messages:read"},
			{"client_id":"both","client_secret":"` + reporterSecret + `","redirect_uris":["` + webRedirect + `"],
			 "grant_types":["authorization_code","refresh_token","client_credentials"],"scope":"messages:read"},
			{"client_id":"desk","client_secret":"` + reporterSecret + `","redirect_uris":["` + webRedirect + `"]},
			{"client_id":"narrow","redirect_uris":["` + webRedirect + `"],"scope":"messages:read"},
			{"client_id":"gone","client_secret":"` + reporterSecret + `","grant_types":["client_credentials"],"scope":"messages:read"}
		],"denied":["gone"]}`)))
	}
}

func newSoftwareWorld(t testing.TB, change ...func(*authserver.Options)) (w *world, reporter *program, sig *signer) {
	t.Helper()
	k := tokentest.NewKey(t, jose.ES256, "k")
	w = newWorld(t, append([]func(*authserver.Options){softwareList(t, k)}, change...)...)
	return w, &program{w: w, id: "reporter", secret: reporterSecret},
		&signer{program: &program{w: w, id: "signer"}, key: k, jtis: &atomic.Int64{}, send: true}
}

// itself asks for a token of the client's own.
func (c *program) itself(changes ...string) (int, map[string]any) {
	return c.token(append([]string{"grant_type", "client_credentials"}, changes...)...)
}

func TestSoftwareGetsATokenOfItsOwn(t *testing.T) {
	w, reporter, sig := newSoftwareWorld(t)
	basic := func() (int, map[string]any) {
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/oauth/token", strings.NewReader("grant_type=client_credentials")))
		req.Header.Set("Content-Type", formType)
		req.SetBasicAuth("reporter", reporterSecret)
		rec := httptest.NewRecorder()
		w.serve(rec, req)
		return rec.Code, object(t, rec)
	}
	for name, tt := range map[string]struct {
		ask    func() (int, map[string]any)
		client string
		scopes string
	}{
		"secret in the body":   {func() (int, map[string]any) { return reporter.itself() }, "reporter", "messages:read messages:send"},
		"secret in the header": {basic, "reporter", "messages:read messages:send"},
		"the next secret": {func() (int, map[string]any) {
			return reporter.itself("client_secret", "the-next-secret-of-it")
		}, "reporter", "messages:read messages:send"},
		"a key":              {func() (int, map[string]any) { return sig.itself(sig.with()...) }, "signer", "messages:read"},
		"a key, named twice": {func() (int, map[string]any) { return sig.itself(sig.with("client_id", "signer")...) }, "signer", "messages:read"},
		"beside people":      {func() (int, map[string]any) { return (&program{w: w, id: "both", secret: reporterSecret}).itself() }, "both", "messages:read"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := tt.ask()
			if _, refresh := out["refresh_token"]; status != http.StatusOK || refresh || out["scope"] != tt.scopes || out["token_type"] != "Bearer" ||
				out["expires_in"] != 3600.0 {
				t.Fatalf("%d %v", status, out)
			}
			want := w.url + "#client:" + tt.client + " " + tt.scopes
			if status, body := w.call(out["access_token"].(string)); status != http.StatusOK || body != want {
				t.Errorf("a call: %d %q, want %q", status, body, want)
			}
		})
	}
	if len(w.provider.asked) > 0 {
		t.Errorf("the provider is asked: %v", w.provider.asked)
	}
}

func TestSoftwareGetsWhatItMayOfWhatItAsks(t *testing.T) {
	w, reporter, _ := newSoftwareWorld(t)
	for name, tt := range map[string]struct {
		ask    []string
		scopes string
		code   string
	}{
		"nothing asked":        {nil, "messages:read messages:send", ""},
		"fewer":                {[]string{"scope", "messages:read"}, "messages:read", ""},
		"all of the endpoint":  {[]string{"scope", "messages:read messages:send contacts:write"}, "messages:read messages:send", ""},
		"foreign ones":         {[]string{"scope", "openid email"}, "messages:read messages:send", ""},
		"none that it may":     {[]string{"scope", "contacts:write"}, "", "invalid_scope"},
		"this endpoint":        {[]string{"resource", w.url + "/mcp"}, "messages:read messages:send", ""},
		"the whole gateway":    {[]string{"resource", w.url}, "messages:read messages:send", ""},
		"another place":        {[]string{"resource", w.url + "/elsewhere"}, "", "invalid_target"},
		"another server":       {[]string{"resource", "https://other.example/mcp"}, "", "invalid_target"},
		"scope is there twice": {[]string{"scope", "messages:read", "x", "x"}, "messages:read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := reporter.itself(tt.ask...)
			if tt.code != "" {
				wantRefused(t, name, status, out, http.StatusBadRequest, tt.code)
				return
			}
			if status != http.StatusOK || out["scope"] != tt.scopes {
				t.Errorf("%d %v", status, out)
			}
		})
	}
}

func TestSoftwareIsRefused(t *testing.T) {
	w, reporter, sig := newSoftwareWorld(t)
	w.fetch = serves(goodDocument)
	registered := w.program(localRedirect)
	_, secret := w.post("/oauth/register", "", `{"redirect_uris":["`+localRedirect+`"]}`)
	withSecret := &program{w: w, id: secret["client_id"].(string), secret: secret["client_secret"].(string)}
	used := sig.with()
	if status, out := sig.itself(used...); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	for name, tt := range map[string]struct {
		client *program
		ask    []string
		status int
		code   string
	}{
		"no secret":                    {reporter, []string{"client_secret", ""}, 401, "invalid_client"},
		"a wrong secret":               {reporter, []string{"client_secret", reporterSecret + "x"}, 401, "invalid_client"},
		"another's secret":             {reporter, []string{"client_secret", withSecret.secret}, 401, "invalid_client"},
		"an unknown client":            {&program{w: w, id: "nobody"}, nil, 401, "invalid_client"},
		"no client":                    {&program{w: w}, nil, 401, "invalid_client"},
		"a denied client":              {&program{w: w, id: "gone", secret: reporterSecret}, nil, 401, "invalid_client"},
		"a key's client without one":   {sig.program, nil, 401, "invalid_client"},
		"an assertion used before":     {sig.program, used, 401, "invalid_client"},
		"an assertion for elsewhere":   {sig.program, []string{"client_assertion", sig.sign("aud", "https://other.example")}, 401, "invalid_client"},
		"another client's assertion":   {sig.program, []string{"client_assertion", sig.sign("iss", "reporter", "sub", "reporter"), "client_id", ""}, 401, "invalid_client"},
		"a client of the list":         {&program{w: w, id: "desk", secret: reporterSecret}, nil, 400, "unauthorized_client"},
		"a public client of the list":  {&program{w: w, id: "narrow"}, nil, 400, "unauthorized_client"},
		"a registered client":          {registered, nil, 400, "unauthorized_client"},
		"a registered one, its secret": {withSecret, nil, 400, "unauthorized_client"},
		"a document's client":          {&program{w: w, id: documentID}, nil, 400, "unauthorized_client"},
		"a code":                       {reporter, []string{"grant_type", "authorization_code", "code", "x", "code_verifier", "x"}, 400, "unauthorized_client"},
		"a refresh token":              {reporter, []string{"grant_type", "refresh_token", "refresh_token", "x"}, 400, "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := tt.client.itself(tt.ask...)
			wantRefused(t, name, status, out, tt.status, tt.code)
			if text, _ := out["error_description"].(string); tt.code == "unauthorized_client" && !strings.Contains(text, "client") {
				t.Errorf("it does not say why: %q", text)
			}
		})
	}
}

func TestSoftwareSignsNobodyIn(t *testing.T) {
	w, reporter, _ := newSoftwareWorld(t)
	reporter.redirect, reporter.verifier = webRedirect, deskVerifier
	at := w.browser().open(reporter.request())
	if at.status != http.StatusBadRequest || at.location != "" || !strings.Contains(text(at.body), "signs nobody in") {
		t.Errorf("%d to %q: %s", at.status, at.location, text(at.body))
	}
	resp := must(w.server.Client().Post(w.url+"/oauth/authorize", formType, strings.NewReader(url.Values{"client_id": {"reporter"}}.Encode())))
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST to the authorization endpoint: %d", resp.StatusCode)
	}
	both := &program{w: w, id: "both", secret: reporterSecret, redirect: webRedirect, verifier: deskVerifier}
	if access, _ := both.tokens(w.browser()); access == "" {
		t.Error("a client of both kinds signs nobody in")
	}
}

// What an entry says of scopes bounds what people can give it, and what they gave before.
func TestListedScopesBoundWhatPeopleGive(t *testing.T) {
	w, _, _ := newSoftwareWorld(t)
	narrow := &program{w: w, id: "narrow", redirect: webRedirect, verifier: deskVerifier}
	access, refresh := narrow.tokens(w.browser())
	if _, body := w.call(access); !strings.HasSuffix(body, " messages:read") {
		t.Errorf("it may %s", body)
	}
	if status, out := narrow.refresh(refresh); status != http.StatusOK || out["scope"] != "messages:read" {
		t.Errorf("%d %v", status, out)
	}
}

func TestSoftwareTokenIsRevoked(t *testing.T) {
	w, reporter, sig := newSoftwareWorld(t)
	_, out := reporter.itself()
	access := out["access_token"].(string)
	revoke := func(id, secret string) (int, map[string]any) {
		return w.post("/oauth/revoke", formType, url.Values{"client_id": {id}, "client_secret": {secret}, "token": {access}}.Encode())
	}
	status, out := revoke("both", reporterSecret)
	wantRefused(t, "by another", status, out, http.StatusBadRequest, "unauthorized_client")
	status, out = revoke("reporter", "")
	wantRefused(t, "without its secret", status, out, http.StatusUnauthorized, "invalid_client")
	if status, _ := w.call(access); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, out := revoke("reporter", reporterSecret); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("afterwards: %d", status)
	}
	_, out = sig.itself(sig.with()...)
	access = out["access_token"].(string)
	if status, out := sig.revoke(access); status != http.StatusOK {
		t.Errorf("by a key: %d %v", status, out)
	}
	if status, _ := w.call(access); status != http.StatusUnauthorized {
		t.Errorf("after that: %d", status)
	}
}

func TestMetadataNamesClientCredentials(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	for name, tt := range map[string]struct {
		change func(*authserver.Options)
		want   bool
	}{
		"no list":             {func(*authserver.Options) {}, false},
		"none of the list":    {listed(t), false},
		"a client that may":   {softwareList(t, k), true},
		"denied clients only": {func(o *authserver.Options) { o.Clients = must(authserver.ParseClients([]byte(deniedSoftware))) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			newWorld(t, tt.change).serve(w, httptest.NewRequest(http.MethodGet, authserver.MetadataPath, nil))
			if got := strings.Contains(w.Body.String(), `"client_credentials"`); got != tt.want {
				t.Errorf("%v: %s", got, w.Body)
			}
		})
	}
}

const deniedSoftware = `{"clients":[{"client_id":"gone","client_secret":"` + reporterSecret + `","grant_types":["client_credentials"],
	"scope":"messages:read"}],"denied":["gone"]}`

func TestListOfSoftwareIsChecked(t *testing.T) {
	set := string(jwks(t, tokentest.NewKey(t, jose.ES256, "k")))
	secret, redirect := `"client_secret":"`+reporterSecret+`"`, `"redirect_uris":["`+webRedirect+`"]`
	grants, scope := `"grant_types":["client_credentials"]`, `"scope":"messages:read"`
	both := `"grant_types":["authorization_code","client_credentials"]`
	for name, tt := range map[string]struct{ members, says string }{
		"a secret":            {secret + "," + grants + "," + scope, ""},
		"two secrets":         {`"client_secrets":["` + reporterSecret + `","another-secret-of-it"],` + grants + "," + scope, ""},
		"keys":                {`"jwks":` + set + "," + grants + "," + scope, ""},
		"both kinds":          {secret + "," + redirect + "," + both + "," + scope, ""},
		"people's, spelt out": {secret + "," + redirect + `,"grant_types":["authorization_code","refresh_token"]`, ""},
		"public":              {grants + "," + scope, "must have a client_secret or jwks"},
		"public, spelt out":   {`"token_endpoint_auth_method":"none",` + grants + "," + scope, "must have a client_secret or jwks"},
		"no scope":            {secret + "," + grants, "must have a scope"},
		"an empty scope":      {secret + "," + grants + `,"scope":" "`, "must have a scope"},
		"an unknown scope":    {secret + "," + grants + `,"scope":"messages:read messages:write"`, `"messages:write" is not one of`},
		"a redirect":          {secret + "," + grants + "," + scope + "," + redirect, "redirect_uris"},
		"no redirect":         {secret + "," + both + "," + scope, "at least one of redirect_uris"},
		"an unknown grant":    {secret + "," + scope + `,"grant_types":["password"]`, `"password" is not one of`},
		"refresh alone":       {secret + "," + scope + `,"grant_types":["client_credentials","refresh_token"]`, "without authorization_code"},
		"a short secret":      {`"client_secrets":["` + reporterSecret + `","short"],` + grants + "," + scope, "5 characters"},
		"secrets of two ways": {secret + `,"client_secrets":["` + reporterSecret + `"],` + grants + "," + scope, "give one of them"},
		"a secret and keys":   {`"client_secrets":["` + reporterSecret + `"],"jwks":` + set + "," + grants + "," + scope, "give one of them"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := authserver.ParseClients([]byte(`{"clients":[{"client_id":"the bot",` + tt.members + `}]}`))
			if err == nil {
				err = list.CheckSoftware("https://mcp.example.com", scopeNames)
			}
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `"the bot"`)):
				t.Errorf("%v", err)
			case err != nil && strings.Contains(err.Error(), reporterSecret):
				t.Errorf("quotes a secret: %v", err)
			}
		})
	}
	for name, id := range map[string]string{"too long": strings.Repeat("x", 128), "unprintable": `a\u0007b`} {
		list := must(authserver.ParseClients([]byte(`{"clients":[{"client_id":"` + id + `",` + secret + "," + grants + "," + scope + `}]}`)))
		issuer := "https://" + strings.Repeat("long.", 25) + "example"
		if err := list.CheckSoftware(issuer, scopeNames); err == nil {
			t.Errorf("an id that is %s is taken", name)
		}
	}
}

func TestSoftwareIsCountedByItsClientAndJunkByAddress(t *testing.T) {
	book := &ledger{}
	k := tokentest.NewKey(t, jose.ES256, "k")
	atDesk(t, func(t *testing.T, d *desk) {
		form := func(changes ...string) url.Values {
			f := url.Values{"grant_type": {"client_credentials"}, "client_id": {"reporter"}, "client_secret": {reporterSecret}}
			for i := 0; i < len(changes); i += 2 {
				f.Set(changes[i], changes[i+1])
			}
			return f
		}
		for name, tt := range map[string]struct {
			form  url.Values
			want  string
			reads bool
		}{
			"a token":          {form(), "grant of client reporter" + authserver.OfClient("reporter"), true},
			"a wrong secret":   {form("client_secret", "x"), "token of 192.0.2.1", false},
			"no such client":   {form("client_id", "x"), "token of 192.0.2.1", false},
			"not for this one": {form("client_id", "desk"), "token of 192.0.2.1", false},
			"foreign resource": {form("resource", "https://other.example/mcp"), "token of 192.0.2.1", false},
		} {
			d.memory.Fail(nil)
			d.ask(t.Context(), authserver.TokenPath, tt.form, nil)
			if got := book.take(); len(got) != 1 || got[0] != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
			if reads := d.memory.Ops() > 0; reads != tt.reads {
				t.Errorf("%s: asks the store %v", name, reads)
			}
		}
	}, func(o *authserver.Options) { o.Limiter = book }, softwareList(t, k))
}

func TestSoftwareWaitsForTheStore(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	atDesk(t, func(t *testing.T, d *desk) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"reporter"}, "client_secret": {reporterSecret}}
		d.memory.Down()
		if got := d.timed(with(form, "client_secret", "wrong")); got.took > 0 || got.Code != http.StatusUnauthorized {
			t.Errorf("a wrong secret: %d after %s", got.Code, got.took)
		}
		form.Set("client_secret", reporterSecret)
		answers := make(chan timed, 1)
		go func() { answers <- d.timed(form) }()
		time.Sleep(15 * time.Second)
		d.memory.Fail(nil)
		if got := <-answers; got.Code != http.StatusOK || got.took < 15*time.Second {
			t.Errorf("%d after %s: %s", got.Code, got.took, got.Body)
		}
		d.memory.Down()
		if got := d.timed(form); got.Code != http.StatusServiceUnavailable || got.took < authserver.TokenPatience || got.Header().Get("Retry-After") == "" {
			t.Errorf("a store that stays away: %d after %s", got.Code, got.took)
		}
	}, softwareList(t, k))
}

// Wherever the store fails, there is an answer with a grant behind it or none, and the assertion
// can be sent again after 503.
func TestStoreFailsWhileSoftwareAsks(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	atDesk(t, func(t *testing.T, d *desk) {
		sig := &signer{program: &program{w: d.world, id: "signer"}, key: k, jtis: &atomic.Int64{}, send: true}
		for failing := 1; failing <= 4; failing++ {
			for _, after := range []bool{false, true} {
				form := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {sig.sign()}}
				d.memory.Fail(func(op int) (bool, bool) { return op >= failing && !after, op >= failing && after })
				w := d.ask(t.Context(), authserver.TokenPath, form, nil)
				d.memory.Fail(nil)
				if w.Code == http.StatusServiceUnavailable {
					w = d.ask(t.Context(), authserver.TokenPath, form, nil)
				}
				if w.Code != http.StatusOK && failing > 2 {
					t.Errorf("operation %d, after it %v: %d %s", failing, after, w.Code, w.Body)
				}
				if w.Code != http.StatusOK {
					continue
				}
				access := object(t, w)["access_token"].(string)
				grant, _, _ := d.tokens.Grant(access)
				if g, err := d.grants.Lookup(t.Context(), grant); err != nil || g.ClientID != "signer" {
					t.Errorf("a token without a grant: %v", err)
				}
			}
		}
	}, softwareList(t, k), func(o *authserver.Options) { o.Patience = time.Second })
}

func TestSoftwareSubjectIsNobodyElses(t *testing.T) {
	long := strings.Repeat("x", 300)
	if got := authserver.SoftwareSubject("https://mcp.example.com", long); got != "https://mcp.example.com#client:"+grant.ClientRef(long) {
		t.Error(got)
	}
	w, reporter, _ := newSoftwareWorld(t)
	_, out := reporter.itself()
	claims := string(must(base64.RawURLEncoding.DecodeString(strings.Split(out["access_token"].(string), ".")[1])))
	if !strings.Contains(claims, `"sub":"`+w.url+`#client:reporter"`) || !strings.Contains(claims, `"client_id":"reporter"`) {
		t.Error(claims)
	}
}

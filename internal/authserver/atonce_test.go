package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// atOnce does the same several times at once, and gives the answers.
func atOnce(do func() page) []page {
	answers := make([]page, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = do() })
	}
	all.Wait()
	return answers
}

// oneCode wants exactly one of the answers to have a code, which is good, and the others to lead
// nowhere.
func oneCode(t *testing.T, c *program, answers []page) {
	t.Helper()
	codes := 0
	for _, at := range answers {
		code := ""
		if at.location != "" {
			code = must(url.Parse(at.location)).Query().Get("code")
		}
		if code == "" {
			if at.status < 400 {
				t.Errorf("an answer without a code: %d %q %s", at.status, at.location, text(at.body))
			}
			continue
		}
		codes++
		if status, out := c.redeem(code); status != http.StatusOK {
			t.Errorf("the code is not good: %d %v", status, out)
		}
	}
	if codes != 1 {
		t.Errorf("%d codes", codes)
	}
}

// A person clicks twice, or a browser and its extension load the same address.
func TestEachStepOfASignInIsTakenOnceAtOnce(t *testing.T) {
	t.Run("callback", func(t *testing.T) {
		w := newWorld(t)
		c, p := w.program(localRedirect), w.thief()
		callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
		oneCode(t, c, atOnce(func() page { return p.open(callback) }))
	})
	t.Run("confirmation by another person", func(t *testing.T) {
		w := newWorld(t)
		c, p := w.program(localRedirect), w.thief()
		c.tokens(p)
		w.provider.set("bob", nil, nil)
		f := form(p.open(p.open(p.submit(form(p.open(c.request()).body)).location).location).body)
		oneCode(t, c, atOnce(func() page { return p.submit(f) }))
	})
	t.Run("key", func(t *testing.T) {
		w, _ := newLinkingWorld(t)
		c, p := w.program(localRedirect), w.thief()
		f := keyForm(p.toKeyPage(c.request()).body, "anns-key")
		oneCode(t, c, atOnce(func() page { return p.submitKey(f) }))
	})
}

func TestACookieOfASignInIsClearedWhenItIsUsed(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.browser()
	callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
	cleared := 0
	for _, line := range p.open(callback).header.Values("Set-Cookie") {
		if strings.Contains(line, "gateway-signin-") && strings.Contains(line, "Max-Age=0") {
			cleared++
		}
	}
	if cleared != 1 {
		t.Errorf("%d were cleared", cleared)
	}
}

// Some libraries name their client in the header and in the body.
func TestAClientMayNameItselfTwiceAlike(t *testing.T) {
	w := newWorld(t)
	status, out := w.post("/oauth/register", "", `{"redirect_uris":["`+localRedirect+`"],"token_endpoint_auth_method":"client_secret_basic"}`)
	if status != http.StatusCreated {
		t.Fatal(status, out)
	}
	c := w.program(localRedirect)
	c.id, c.secret = out["client_id"].(string), out["client_secret"].(string)
	_, refresh := c.tokens(w.browser())
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"alike": {c.id, http.StatusOK}, "not at all": {"", http.StatusOK}, "otherwise": {"another", http.StatusBadRequest},
	} {
		f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
		if tt.body != "" {
			f.Set("client_id", tt.body)
		}
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.TokenPath, strings.NewReader(f.Encode())))
		req.Header.Set("Content-Type", formType)
		req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
		resp := must(w.server.Client().Do(req))
		_ = resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

func TestMetadataNamesEveryScopeAndHasAHead(t *testing.T) {
	w := newWorld(t)
	var m struct {
		Scopes []string `json:"scopes_supported"`
	}
	w.read(t, authserver.MetadataPath, &m)
	if want := append(slices.Clone(scopeNames), "offline_access"); !slices.Equal(m.Scopes, want) {
		t.Errorf("scopes %q, want %q", m.Scopes, want)
	}
	for _, path := range []string{authserver.MetadataPath, authserver.OpenIDMetadataPath, authserver.KeysPath} {
		req := must(http.NewRequestWithContext(t.Context(), http.MethodHead, w.url+path, nil))
		resp := must(w.server.Client().Do(req))
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" || resp.ContentLength <= 0 {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
}

func TestAPublicURLWithoutTLSIsForThisMachineOnly(t *testing.T) {
	for address, good := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost": true, "https://192.0.2.1": true, "https://[2001:db8::1]": true,
		"http://192.0.2.1": false, "http://10.0.0.1:8080": false, "http://[2001:db8::1]": false, "http://0.0.0.0:8080": false, "http://mcp.example.com": false,
	} {
		_, err := authserver.New(authserver.Options{PublicURL: must(url.Parse(address))})
		if refused := strings.Contains(err.Error(), "must be https"); refused == good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// read decodes a public document.
func (w *world) read(t *testing.T, path string, into any) {
	t.Helper()
	resp := must(w.server.Client().Get(w.url + path))
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func TestRedirectsAreAllowedByRule(t *testing.T) {
	for redirect, ok := range map[string]bool{
		// Apps that are known, and apps by a domain name of their makers.
		"cursor://anysphere.cursor-mcp/oauth/callback": true, "vscode://saoudrizwan.claude-dev/mcp-auth/callback/0a1b": true,
		"vscode-insiders://publisher.extension/did-authenticate": true, "windsurf://codeium.windsurf/callback": true,
		"warp://mcp/oauth2callback": true, "goose://oauth/callback": true, "zed://oauth": true, "claude://oauth/callback": true,
		"raycast://oauth?package_name=Extension": true, "com.raycast:/oauth?package_name=Extension": true,
		"com.example.app:/callback": true, "com.example.app:callback": true, "com.example.app://callback": true,
		"com.googleusercontent.apps.123-abc:/oauth2redirect": true, "Com.Example.App:/callback": true,
		// Browsers and systems.
		"googlechromes://evil.example/cb": false, "googlechrome://evil.example/cb": false, "x-safari-https://evil.example/cb": false,
		"microsoft-edge-https://evil.example/cb": false, "microsoft-edge:https://evil.example": false, "opera-http://evil.example": false,
		"firefox://open-url?url=https://evil.example": false, "firefox-focus://open-url": false, "brave://open-url": false,
		"applescript://com.apple.scripteditor?action=new": false, "itms-services://?action=download-manifest": false, "itms://x": false,
		"vnc://host/": false, "tg://resolve": false, "whatsapp://send": false, "steam://run/1": false, "web+acme:/cb": false, "acme:/cb": false,
		"ms-settings.app:/x": false, "ms-word:ofe": false, "search-ms:x": false, "x-apple.systempreferences:x": false, "intent://x": false,
		"android-app://com.example/https/evil.example": false, "view-source.x:/cb": false, "javascript:alert(1)": false, "data:text/html,x": false,
		"file:///etc/passwd": false, "blob:https://a.example/x": false, "about:blank": false, "chrome://settings": false, "urn:ietf:wg:oauth:2.0:oob": false,
		"com.google.chrome:/x": false, "com.google.chrome.canary:/x": false, "com.apple.mobilesafari:/x": false, "org.mozilla.firefox:/x": false,
		"com.microsoft.edge://x": false, ".com.example:/x": false, "com..example:/x": false, "com.:/x": false, "c.example:/x": false,
		// No other address stands in an app's redirect.
		"com.example.app://evil.example/cb": false, "com.example.app://evil:443/cb": false, "com.example.app:///cb": false,
		"com.example.app:/https://evil.example": false, "com.example.app:/cb?url=https://evil.example": false, "com.example.app://a@evil/cb": false,
		"com.example.app:/https%3A%2F%2Fevil.example": false, "com.example.app://": false, "com.example.app:": false, "cursor:": false,
		"cursor://user@x/y": false, "cursor://x:1/y": false, "cursor://[::1]/y": false, "vscode://vscode.git/clone?url=https://evil.example": false,
		"cursor://x//evil.example": false, "cursor://*/y": false,
		// Pages.
		"https://app.example/callback": true, "https://app.example": true, "https://app.example:8443/cb?a=b%20c": true,
		"https://intranet/cb": true, "https://xn--80ak6aa92e.com/cb": true, "https://my_app.example/cb": true, "https://1.example/cb": true,
		"https://localhost/cb": true, "https://127.0.0.1/cb": true,
		"https://user@app.example/cb": false, "https://@app.example/cb": false, "https://u:p@app.example/cb": false,
		"https://app.example/cb#x": false, "https://app.example/cb#": false, `https://app.example\@evil.example/cb`: false, `https:\\app.example`: false,
		"https://app.example/c b": false, "https://app.example/cb\t": false, "https://app.example/\x00": false, "https://app.example/\u202egpj": false,
		"https://аpp.example/cb": false, "https://*.example/cb": false, "https://app.*/cb": false, "https:app.example/cb": false, "https:/app.example": false,
		"https:///cb": false, "https://:443/cb": false, "https://10.0.0.1/cb": false, "https://[2001:db8::1]/cb": false, "https://[fe80::1%25eth0]/cb": false,
		"https://2130706433/cb": false, "https://0x7f.1/cb": false, "https://127.1/cb": false, "https://1.1.1.1./cb": false, "https://-a.example/cb": false,
		"https://app.example:99999/cb": false, "http://127.0.0.1:70000/cb": false, "http://127.0.0.1:0/cb": true, "https://app.example:/cb": true,
		"https://a..example/cb": false, "https://app.example/<x>": false, "https://app.example/{x}": false, "https://app.example/%zz": false,
		"https://app.example/" + strings.Repeat("x", 2000): false, "/cb": false, "app.example/cb": false, "": false, "https": false, ":": false,
		// This machine.
		"http://127.0.0.1/cb": true, "http://localhost:1234/cb": true, "http://[::1]:1/cb": true,
		"http://app.example/cb": false, "http://localhost.evil.example/cb": false, "http://127.0.0.1@evil.example/": false,
		"http://127.0.0.1:80@evil.example/": false, "http://0.0.0.0/cb": false, "http://127.0.0.2/cb": false, "http:127.0.0.1/cb": false,
	} {
		if problem := authserver.CheckRedirect(redirect); (problem == "") != ok {
			t.Errorf("%q: %q", redirect, problem)
		}
	}
}

func TestTheOperatorAllowsMoreSchemes(t *testing.T) {
	l := must(authserver.ParseClients([]byte(`{"schemes":["acme"],
		"clients":[{"client_id":"desk","redirect_uris":["acme://oauth/callback"]}]}`)))
	w := newWorld(t, func(o *authserver.Options) { o.Clients = l })
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":["acme:/cb"]}`)
	bot := document(w, documentID)
	bot.redirect = "acme:/cb"
	for name, c := range map[string]*program{
		"registered": w.program("acme://oauth/callback"), "document": bot,
		"listed": {w: w, id: "desk", redirect: "acme://oauth/callback", verifier: "v"},
	} {
		if at := w.browser().open(c.request()); at.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, at.status, text(at.body))
		}
	}
	status, out := w.post("/oauth/register", "", `{"redirect_uris":["https://a.example","acme://evil.example:1/"]}`)
	wantRefused(t, "an allowed scheme with a port", status, out, http.StatusBadRequest, "invalid_redirect_uri")
	if text, _ := out["error_description"].(string); !strings.HasPrefix(text, "redirect 2 of 2: ") {
		t.Errorf("it does not say which: %q", text)
	}
	for name, list := range map[string]string{
		"not allowed":     `{"clients":[{"client_id":"desk","redirect_uris":["acme://oauth/callback"]}]}`,
		"a colon":         `{"schemes":["acme:"]}`,
		"in capitals":     `{"schemes":["ACME"]}`,
		"nothing":         `{"schemes":[""]}`,
		"https":           `{"schemes":["https"]}`,
		"http":            `{"schemes":["http"]}`,
		"runs in a page":  `{"schemes":["javascript"]}`,
		"is a page":       `{"schemes":["data"]}`,
		"another country": `{"schemes":["äcme"]}`,
	} {
		if _, err := authserver.ParseClients([]byte(list)); err == nil {
			t.Errorf("%s: is a list", name)
		}
	}
}

// A registration never expires, so one of earlier rules is held to those of today.
func TestARedirectOfAnOldRegistrationIsHeldToTheRules(t *testing.T) {
	w := newWorld(t)
	ring := must(seal.New([]byte("a secret of at least thirty-two bytes")))
	const evil = "googlechromes://evil.example/cb"
	id := authserver.SealClientID(ring.Sealer("client id"), evil)
	if !authserver.OpenClientID(ring.Sealer("client id"), ring.MAC("client secret"), id) {
		t.Fatal("not a registration")
	}
	c := &program{w: w, id: id, redirect: evil, verifier: "v"}
	for _, changes := range [][]string{nil, {"scope", "made-up"}} {
		if at := w.browser().open(c.request(changes...)); at.status != http.StatusBadRequest || at.location != "" ||
			strings.Contains(at.body, "evil.example") {
			t.Errorf("%v: %d %q %s", changes, at.status, at.location, text(at.body))
		}
	}
}

func TestTheConsentPageShowsTheWholeRedirect(t *testing.T) {
	w := newWorld(t, listed(t))
	w.fetch = serves(goodDocument)
	const app = "The answer goes to whichever app opens"
	for name, tc := range map[string]struct {
		redirect, says string
		local, app     bool
	}{
		"this machine":       {"http://127.0.0.1:4711/callback", "this computer (127.0.0.1:4711)", true, false},
		"https on it":        {"https://localhost/cb", "this computer (localhost)", true, false},
		"an app":             {"cursor://anysphere.cursor-mcp/oauth/callback", "the app that opens cursor: links on this device", false, true},
		"an app by a domain": {"com.example.app:/callback?x=1", "the app that opens com.example.app: links on this device", false, true},
		"a page":             {"https://xn--80ak6aa92e.com/a/b?c=d%E2%80%AE", "xn--80ak6aa92e.com", false, false},
	} {
		at := w.browser().open(w.program(tc.redirect).request())
		body := text(at.body)
		if !strings.Contains(at.body, ">"+strings.ReplaceAll(tc.redirect, "&", "&amp;")+"</code>") || !strings.Contains(body, tc.says) {
			t.Errorf("%s: %s", name, body)
		}
		if strings.Contains(body, "stays on this computer") != tc.local || strings.Contains(body, app) != tc.app {
			t.Errorf("%s: it does not say where the answer goes: %s", name, body)
		}
		if strings.Contains(at.body, `href="`+tc.redirect) {
			t.Errorf("%s: it is a link", name)
		}
	}
}

// RFC 9700 §4.11: a broken request sends nobody anywhere but to this machine, to the operator's
// clients, and to the host that proves a client's document; and it opens no app.
func TestAnErrorLeadsAwayByItselfOnlyWhereItIsSafe(t *testing.T) {
	w := newWorld(t, func(o *authserver.Options) {
		o.Clients = must(authserver.ParseClients([]byte(`{"clients":[
			{"client_id":"warehouse","redirect_uris":["` + webRedirect + `","com.example.desk:/cb"]}]}`)))
	})
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":["` + webRedirect + `","https://other.example/cb","cursor://x/y"]}`)
	with := func(c *program, redirect string) *program { c.redirect = redirect; return c }
	for name, tc := range map[string]struct {
		c        *program
		byItself bool
	}{
		"registered, a page":             {w.program("https://evil.example/cb"), false},
		"registered, an app":             {w.program("cursor://anysphere.cursor-mcp/oauth/callback"), false},
		"registered, this machine":       {w.program(localRedirect), true},
		"listed, a page":                 {with(&program{w: w, id: "warehouse", verifier: "v"}, webRedirect), true},
		"listed, an app":                 {with(&program{w: w, id: "warehouse", verifier: "v"}, "com.example.desk:/cb"), false},
		"a document, its own host":       {with(document(w, documentID), webRedirect), true},
		"a document, somebody's host":    {with(document(w, documentID), "https://other.example/cb"), false},
		"a document, an app that it has": {with(document(w, documentID), "cursor://x/y"), false},
	} {
		at := w.browser().open(tc.c.request("response_type", "token"))
		if led := at.status == http.StatusSeeOther && at.location != ""; led != tc.byItself {
			t.Errorf("%s: %d %q", name, at.status, at.location)
		}
		if !tc.byItself && (at.location != "" || !strings.Contains(at.body, `href="`+tc.c.redirect+`?error=unsupported_response_type`)) {
			t.Errorf("%s: %q %s", name, at.location, text(at.body))
		}
	}
}

// Whoever is made to deny, or fails later, opens no app by that either.
func TestNoErrorOpensAnAppWithoutAClick(t *testing.T) {
	w, l := newLinkingWorld(t)
	c := w.program("cursor://anysphere.cursor-mcp/oauth/callback")
	ends := map[string]func(p *person) page{
		"denied": func(p *person) page {
			f := form(p.open(c.request()).body)
			f.Set("decision", "deny")
			return p.submit(f)
		},
		"refused by the provider": func(p *person) page {
			w.provider.set("ann", authserver.ErrDenied, nil)
			defer w.provider.set("ann", nil, nil)
			return p.open(p.open(p.submit(form(p.open(c.request()).body)).location).location)
		},
		"no key": func(p *person) page {
			f := keyForm(p.toKeyPage(c.request()).body, "")
			f.Set("decision", "cancel")
			return p.submitKey(f)
		},
		"a store of keys that is down": func(p *person) page {
			l.set(func() { l.err = authserver.ErrUnavailable })
			defer l.set(func() { l.err = nil })
			return p.open(p.open(p.submit(form(p.open(c.request()).body)).location).location)
		},
	}
	for name, end := range ends {
		at := end(w.browser())
		if at.location != "" || !strings.Contains(at.body, `<a class="button careful" href="cursor://anysphere.cursor-mcp/oauth/callback?error=`) {
			t.Errorf("%s: %d %q %s", name, at.status, at.location, at.body)
		}
	}
}

// The buttons that give something away wait; the others do not (see page.js).
func TestButtonsThatGiveSomethingAwayAreCareful(t *testing.T) {
	w, l := newLinkingWorld(t)
	l.keys[annsSubject] = "old-key-1"
	p := w.browser()
	consent := p.open(w.program(localRedirect).request()).body
	key := p.toKeyPage(w.url + authserver.AccountKeyPath).body
	for what, want := range map[string]bool{
		`value="allow"`: true, `value="deny"`: false, `value="link"`: true, `value="cancel"`: false, `value="remove"`: true,
	} {
		body := consent + key
		end := strings.Index(body, what)
		if end < 0 {
			t.Fatalf("no button %s", what)
		}
		button := body[strings.LastIndex(body[:end], "<button"):end]
		if strings.Contains(button, "careful") != want {
			t.Errorf("%s: %s", what, button)
		}
	}
	if strings.Contains(consent+key, " disabled") {
		t.Error("without scripts a button could never be pressed")
	}
}

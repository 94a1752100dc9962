package landing

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func options(t testing.TB, endpoint string) Options {
	t.Helper()
	set, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	set.OnFailure = func(_ string, err error) { t.Errorf("the page was not made: %v", err) }
	return Options{
		Pages: set, Name: "Clerk Chat", Version: "v1.2.3",
		Tools: []ToolInfo{
			{Name: "send_message", Title: "Send a message", Description: "Sends a text. It costs money."},
			{Name: "get_messages", Title: "Read messages", Description: "Lists messages.\nMore for models.", ReadOnly: true},
		},
		URL: func(*http.Request) string { return endpoint },
	}
}

func ask(t testing.TB, o Options, method string) *http.Response {
	t.Helper()
	l, err := NewLanding(o)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(method, "/mcp", nil))
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func page(t testing.TB, o Options) string {
	t.Helper()
	r := ask(t, o, http.MethodGet)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", r.StatusCode, body(t, r))
	}
	return body(t, r)
}

func TestPageShowsEverySnippetAndLinkOfEveryClient(t *testing.T) {
	for _, endpoint := range []string{publicURL, localURL, "http://[::1]:8080/mcp"} {
		for _, login := range []bool{true, false} {
			o := options(t, endpoint)
			o.Login = login
			text := page(t, o)
			if !strings.Contains(text, "<code>"+endpoint+"</code>") {
				t.Errorf("%s: the address is not shown", endpoint)
			}
			for _, c := range Clients(endpoint) {
				if !strings.Contains(text, ">"+c.Name+"<") {
					t.Errorf("%s is not named", c.Name)
				}
				for _, w := range c.Ways {
					for _, s := range w.For(login) {
						if s.Snippet != nil && !strings.Contains(html.UnescapeString(text), ">"+s.Snippet.Code+"</code>") {
							t.Errorf("%s: the page lacks the snippet\n%s", c.Name, s.Snippet.Code)
						}
						if s.Link != nil && !strings.Contains(html.UnescapeString(text), `href="`+s.Link.URL+`"`) {
							t.Errorf("%s: the page lacks the link %s", c.Name, s.Link.URL)
						}
					}
				}
			}
			if strings.Contains(text, "ZgotmplZ") {
				t.Error("a value was refused by its context")
			}
		}
	}
}

func TestPageShowsToolsAndPrompts(t *testing.T) {
	text := page(t, options(t, publicURL))
	for _, want := range []string{
		`<code class="tool-name">send_message</code><p>Sends a text.</p>`,
		`<code class="tool-name">get_messages</code><p>Lists messages.</p>`,
		"2 tools", "v1.2.3",
		"Your appointment is confirmed for tomorrow at 2pm”",
		"Show me the last 10 messages from inbox 5d0e8d03-d09f-47e5-8017-4d00cbf737f4",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "Create a contact for Jane Smith") {
		t.Error("the page asks for what no tool here does")
	}
	if got := strings.Count(text, `class="tag read"`); got != 1 {
		t.Errorf("%d tools are marked as reading, want 1", got)
	}
	if got := strings.Count(text, `class="tag write"`); got != 1 {
		t.Errorf("%d tools are marked as writing, want 1", got)
	}
}

func TestPageShowsEndpointsWithFewerTools(t *testing.T) {
	o := options(t, publicURL)
	if text := page(t, o); strings.Contains(text, `id="fewer"`) {
		t.Error("endpoints are shown that are not there")
	}
	address := publicURL + "/x/messages,contacts"
	o.Others = []Endpoint{{Title: "Some", URL: func(*http.Request) string { return address }}}
	if text := page(t, o); !strings.Contains(text, "<h3>Some</h3><p><code>"+address+"</code>") {
		t.Error("another endpoint is not shown")
	}
	address = "javascript:alert(1)"
	if text := page(t, o); strings.Contains(text, "alert(1)") {
		t.Error("what is not a web address is shown")
	}
}

func TestPageOfOneToolThatCannotBeAskedForShowsNoPrompts(t *testing.T) {
	o := options(t, publicURL)
	o.Tools = []ToolInfo{{Name: "delete_contact", Title: "Delete"}}
	if text := page(t, o); strings.Contains(text, `id="try"`) || !strings.Contains(text, "<li>1 tool</li>") {
		t.Error("the page is for other tools")
	}
}

func TestPageTellsWhatSignInIsLike(t *testing.T) {
	o := options(t, publicURL)
	const with, without = "What happens at sign-in", "There is no sign-in on this server"
	if text := page(t, o); strings.Contains(text, with) || !strings.Contains(text, without) {
		t.Error("a server without login does not say so")
	}
	o.Login = true
	text := page(t, o)
	if !strings.Contains(text, with) || strings.Contains(text, without) {
		t.Error("a server with login does not say so")
	}
	if !strings.Contains(text, "codex mcp login clerk") {
		t.Error("the steps for signing in are missing")
	}
}

func TestDemoSaysThatMessagesReachNobody(t *testing.T) {
	o := options(t, localURL)
	if text := page(t, o); strings.Contains(text, "messages reach nobody") {
		t.Error("a real server calls itself a demo")
	}
	o.Sandbox, o.SandboxURL = true, "http://127.0.0.1:8081/"
	text := page(t, o)
	if !strings.Contains(text, "messages reach nobody") || !strings.Contains(text, `href="http://127.0.0.1:8081/_sandbox/messages"`) {
		t.Error("the demo's notice or its link is missing")
	}
	o.SandboxURL = ""
	if text := page(t, o); !strings.Contains(text, "messages reach nobody") || strings.Contains(text, "_sandbox") {
		t.Error("without the simulation's address the notice stands alone")
	}
}

func TestOnlyPlainWebAddressesAreShown(t *testing.T) {
	for _, endpoint := range []string{
		"", "javascript:alert(1)", "ftp://example.com/mcp", "//example.com/mcp", "http://", "http:///mcp", "https://:443/mcp",
		"https://user:pw@example.com/mcp", "https://example.com/mcp?x=1", "https://example.com/mcp#x",
		`https://a"onmouseover=alert(1)/mcp`, "https://<script>alert(1)</script>/mcp", "https://a'b/mcp", "https://a$(id)/mcp",
		"https://a`id`/mcp", "https://a;id/mcp", "https://a,b/mcp", "https://a b/mcp", "https://a\nb/mcp", "https://ex\u00e4mple.com/mcp", hostileURL,
	} {
		r := ask(t, options(t, endpoint), http.MethodGet)
		text := body(t, r)
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: status %d, want 400", endpoint, r.StatusCode)
		}
		if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/plain") || strings.Contains(text, "alert") {
			t.Errorf("%q: %s %s", endpoint, ct, text)
		}
	}
}

func TestValuesFromOutsideAreEscaped(t *testing.T) {
	o := options(t, publicURL)
	const hostile = `"><script>alert(1)</script>`
	o.Name, o.Version = hostile, hostile
	o.Tools = []ToolInfo{{Name: hostile, Title: hostile, Description: hostile}}
	text := page(t, o)
	if strings.Contains(text, "<script>alert") {
		t.Error("a value became a script")
	}
	if got := strings.Count(text, "&lt;script&gt;alert(1)"); got < 5 {
		t.Errorf("only %d values are shown, as text", got)
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	l, err := NewLanding(options(t, publicURL))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(l)
	defer server.Close()
	get, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	size := len(body(t, get))
	get.Body.Close()
	head, err := server.Client().Head(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	head.Body.Close()
	if head.StatusCode != http.StatusOK || head.ContentLength != int64(size) {
		t.Errorf("status %d, length %d, want 200 and %d", head.StatusCode, head.ContentLength, size)
	}
	for _, name := range []string{"Content-Type", "Content-Security-Policy", "Vary", "Cache-Control"} {
		if head.Header.Get(name) == "" || head.Header.Get(name) != get.Header.Get(name) {
			t.Errorf("%s: %q, and %q for GET", name, head.Header.Get(name), get.Header.Get(name))
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	r := ask(t, options(t, publicURL), http.MethodPost)
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("status %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
}

func TestIncompleteOptionsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no pages":         func(o *Options) { o.Pages = nil },
		"no name":          func(o *Options) { o.Name = "" },
		"no URL":           func(o *Options) { o.URL = nil },
		"odd sandbox link": func(o *Options) { o.SandboxURL = "javascript:alert(1)" },
	} {
		o := options(t, publicURL)
		change(&o)
		if _, err := NewLanding(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The policy forbids inline handlers, style attributes and foreign resources, so the page must not
// need them; and ids are what labels, links and icons hang on.
func TestMarkupNeedsNothingThePolicyForbidsAndItsIDsResolve(t *testing.T) {
	o := options(t, publicURL)
	o.Login, o.Sandbox, o.SandboxURL = true, true, "http://127.0.0.1:8081"
	text := page(t, o)
	text = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(text, "")
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids, wanted := map[string]bool{}, map[string]string{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the markup is broken: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			name, value := a.Name.Local, a.Value
			switch {
			case name == "id" && ids[value]:
				t.Errorf("two elements have the id %q", value)
			case name == "id":
				ids[value] = true
			case name == "for", strings.HasPrefix(name, "aria-labelledby"):
				wanted[value] = name
			case name == "href" && strings.HasPrefix(value, "#"):
				wanted[value[1:]] = name
			case name == "style", strings.HasPrefix(name, "on"), name == "src":
				t.Errorf("<%s> has the attribute %s", start.Name.Local, name)
			}
		}
	}
	for id, by := range wanted {
		if !ids[id] {
			t.Errorf("%s points at %q, which is not there", by, id)
		}
	}
}

// Whatever address a request leads to, the page shows exactly it or nothing of it.
func FuzzLandingAddress(f *testing.F) {
	for _, s := range []string{publicURL, localURL, hostileURL, "http://[::1%25eth0]/mcp", "https://a%00b/mcp"} {
		f.Add(s)
	}
	o := options(f, "")
	var endpoint string
	o.URL = func(*http.Request) string { return endpoint }
	f.Fuzz(func(t *testing.T, s string) {
		endpoint = s
		r := ask(t, o, http.MethodGet)
		text := body(t, r)
		switch r.StatusCode {
		case http.StatusOK:
			if !strings.Contains(html.UnescapeString(text), "<code>"+s+"</code>") {
				t.Errorf("%q is not shown as it is", s)
			}
			if strings.ContainsAny(s, "\"'`<>$;&|() \n") {
				t.Errorf("%q is shown", s)
			}
		case http.StatusBadRequest:
		default:
			t.Errorf("%q: status %d", s, r.StatusCode)
		}
	})
}

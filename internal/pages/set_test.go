package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// site is a set of pages small enough to see through.
func site(page string) fstest.MapFS {
	return fstest.MapFS{
		"templates/layout.html": {Data: []byte(
			`<title>{{template "title" .Data}}</title><style>{{.Style}}</style>{{template "main" .Data}}<script>{{.Script}}</script>`)},
		"templates/one.html": {Data: []byte(page)},
		"assets/base.css":    {Data: []byte("/* a comment */ p > a { color: red }\n")},
		"assets/one.css":     {Data: []byte("b { content: \"<\" }\n")},
		"assets/page.js":     {Data: []byte("// 1 < 2 && `x`\nlet a = \"</p>\";\n")},
	}
}

const onePage = `{{define "title"}}One{{end}}{{define "main"}}<p title="{{.T}}">{{.T}} <a href="{{.U}}">x</a></p>{{end}}`

func mustLoad(t *testing.T, fsys fs.FS) *Set {
	t.Helper()
	s, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmbeddedPagesParse(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.pages[Landing]; !ok {
		t.Errorf("there is no page %q", Landing)
	}
	if _, ok := s.pages["layout"]; ok {
		t.Error("the layout alone is a page")
	}
}

func TestPolicyAllowsExactlyTheInlineBlocksServed(t *testing.T) {
	embedded, err := fs.Sub(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]*Set{"small": mustLoad(t, site(onePage)), "embedded": mustLoad(t, embedded)} {
		for page := range set.pages {
			t.Run(name+"/"+page, func(t *testing.T) {
				w := httptest.NewRecorder()
				set.Render(w, http.StatusOK, page, data(page))
				if w.Code != http.StatusOK {
					t.Fatalf("status %d: %s", w.Code, w.Body)
				}
				policy := w.Header().Get("Content-Security-Policy")
				for _, tag := range []string{"style", "script"} {
					blocks := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(w.Body.String(), -1)
					if len(blocks) != 1 {
						t.Fatalf("%d %s blocks, want 1", len(blocks), tag)
					}
					sum := sha256.Sum256([]byte(blocks[0][1]))
					want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
					if !strings.Contains(policy, want) {
						t.Errorf("the policy lacks %q:\n%s", want, policy)
					}
				}
			})
		}
	}
}

// data is enough for a page to be made; what the pages say is tested where the data comes from.
func data(page string) any {
	if page == Landing {
		return struct {
			Name, Version, URL, Outbox string
			Login, Sandbox             bool
			Clients, Tools, Prompts    []struct{}
			Others                     []struct{}
		}{Name: "Name", URL: "http://localhost/"}
	}
	switch page {
	case "consent":
		return struct {
			Name, Client, ClientHost, Place, Scheme, Redirect, Person, Email string
			Action, CSRF, Request, Handle                                    string
			Local, Known, Everywhere                                         bool
			Resources                                                        []string
			Scopes                                                           []struct{}
		}{Name: "Name", Client: "Client"}
	case "handover":
		return struct {
			Name, Client, Problem string
			Link                  template.URL
			Refresh               template.HTMLAttr
		}{Refresh: `content="0;url=/"`}
	case "key":
		return struct {
			Name, Client, Person, Email, Hint, Since, ID, Problem, Action, CSRF, Handle string
			Exists, Refused, Unreadable, Done                                           bool
		}{Name: "Name", Exists: true}
	case "signin-error":
		return struct {
			Name, Text, Client, Where          string
			Link                               template.URL
			ErrorID                            string
			Later, Reload, Request, Deployment bool
			Operator                           bool
		}{Name: "Name", Text: "Text"}
	case "sandbox-signin":
		return struct {
			Problem, Client, Host, Receives, Deny string
			People                                []struct{}
		}{Client: "Client"}
	}
	return struct{ T, U string }{"t", "u"}
}

func TestPolicyDeniesEverythingElse(t *testing.T) {
	w := httptest.NewRecorder()
	mustLoad(t, site(onePage)).Render(w, http.StatusOK, "one", data("one"))
	got := map[string]string{}
	for _, d := range strings.Split(w.Header().Get("Content-Security-Policy"), "; ") {
		name, sources, _ := strings.Cut(d, " ")
		got[name] = sources
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "img-src": "'self' data:", "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for name, sources := range got {
		if strings.Contains(sources, "unsafe") || strings.Contains(sources, "*") {
			t.Errorf("%s is %q", name, sources)
		}
	}
}

func TestHeadersOfAPage(t *testing.T) {
	w := httptest.NewRecorder()
	mustLoad(t, site(onePage)).Render(w, http.StatusForbidden, "one", data("one"))
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d, want the caller's", w.Code)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-store", "Content-Length": strconv.Itoa(w.Body.Len()),
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCallersCacheControlIsKept(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Cache-Control", "max-age=60")
	mustLoad(t, site(onePage)).Render(w, http.StatusOK, "one", data("one"))
	if got := w.Header().Get("Cache-Control"); got != "max-age=60" {
		t.Errorf("Cache-Control: %q", got)
	}
}

func TestValuesAreEscapedWhereTheyStand(t *testing.T) {
	w := httptest.NewRecorder()
	mustLoad(t, site(onePage)).Render(w, http.StatusOK, "one",
		struct{ T, U string }{`"><script>alert(1)</script>`, "javascript:alert(1)"})
	body := w.Body.String()
	if strings.Contains(body, "<script>alert") || strings.Contains(body, `title=""`) || strings.Contains(body, "javascript:") {
		t.Errorf("a value escaped its context:\n%s", body)
	}
}

func TestFailingTemplateAnswersWithoutCauseAndWithoutHalfAPage(t *testing.T) {
	boom := errors.New("redis://user:secret@store")
	s := mustLoad(t, site(`{{define "title"}}One{{end}}{{define "main"}}<p>half</p>{{call .}}{{end}}`))
	var told []error
	s.OnFailure = func(page string, err error) {
		if page != "one" {
			t.Errorf("told of page %q", page)
		}
		told = append(told, err)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Cache-Control", "max-age=60")
	s.Render(w, http.StatusOK, "one", func() (string, error) { return "", boom })
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
	if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/plain") {
		t.Errorf("Content-Type: %q", ct)
	}
	if cc := w.Header().Get("Cache-Control"); cc != "no-store" {
		t.Errorf("the failure may be stored: %q", cc)
	}
	if body := w.Body.String(); strings.Contains(body, "secret") || strings.Contains(body, "half") || strings.Contains(body, "template") {
		t.Errorf("body: %s", body)
	}
	if len(told) != 1 || !errors.Is(told[0], boom) {
		t.Errorf("OnFailure heard %v, want the cause once", told)
	}
}

func TestUnknownPageIsAFailure(t *testing.T) {
	w := httptest.NewRecorder()
	mustLoad(t, site(onePage)).Render(w, http.StatusOK, "two", nil)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
}

func TestBrokenPagesAreRefusedAtStart(t *testing.T) {
	without := func(name string) fstest.MapFS {
		fsys := site(onePage)
		delete(fsys, name)
		return fsys
	}
	for name, fsys := range map[string]fstest.MapFS{
		"no title":     site(`{{define "main"}}x{{end}}`),
		"no main":      site(`{{define "title"}}x{{end}}`),
		"syntax error": site(`{{define "title"}}`),
		"no layout":    without("templates/layout.html"),
		"no style":     without("assets/base.css"),
		"no script":    without("assets/page.js"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(fsys); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestEmbeddedStylesKnowDarkModeAndReducedMotion(t *testing.T) {
	css, err := files.ReadFile("assets/base.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"color-scheme: light dark", "(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)", ":focus-visible"} {
		if !strings.Contains(string(css), want) {
			t.Errorf("base.css lacks %q", want)
		}
	}
}

// A colour written outside of base.css would not follow the dark mode.
func TestColoursAreNamedInBaseOnly(t *testing.T) {
	sheets, err := fs.Glob(files, "assets/*.css")
	if err != nil {
		t.Fatal(err)
	}
	colour := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(`)
	for _, sheet := range sheets {
		css, err := files.ReadFile(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if sheet != "assets/base.css" && colour.Match(css) {
			t.Errorf("%s has the colour %s", sheet, colour.Find(css))
		}
	}
}

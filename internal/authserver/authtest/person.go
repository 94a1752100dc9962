package authtest

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Person signs in. The zero value is Ann of the sandbox with a browser of her own, who allows all
// that is asked for.
type Person struct {
	// Name is whom to choose at the sandbox's sign-in, ann or ben. Default: ann.
	Name string
	// Scopes are given instead of all that are asked for.
	Scopes []string
	// Key is entered, and put in the place of another one, where the person is asked for a key of
	// their own.
	Key string
	// Fill may look at each page with a form, and change what is sent.
	Fill func(page string, form url.Values)
	// Transport carries the browser's requests. Default: [http.DefaultTransport].
	Transport http.RoundTripper
}

// maxPages is more than a sign-in has.
const maxPages = 16

var (
	refreshPattern = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]*)"`)
	formPattern    = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hiddenPattern  = regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`)
	scopePattern   = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)
	replacePattern = regexp.MustCompile(`type="checkbox" name="replaces" value="([^"]*)"`)
)

// Allow follows an authorization URL through all pages until the browser is sent to the client's
// redirect, and gives what the client is told there. The redirect itself is not fetched.
func (p Person) Allow(t testing.TB, address, redirect string) url.Values {
	t.Helper()
	b := newBrowser(t, p)
	req := b.request(http.MethodGet, address, nil)
	for range maxPages {
		if strings.HasPrefix(req.URL.String(), redirect) {
			return req.URL.Query()
		}
		next, at := b.next(req)
		if next == nil {
			t.Fatalf("it ends at %s with %s", req.URL.Path, at)
		}
		req = next
	}
	t.Fatal("the browser goes around in circles")
	return nil
}

// Visit follows an address through all pages to the one that leads nowhere, and gives that.
func (p Person) Visit(t testing.TB, address string) (page string) {
	t.Helper()
	b := newBrowser(t, p)
	req := b.request(http.MethodGet, address, nil)
	for range maxPages {
		next, at := b.next(req)
		if next == nil {
			return at
		}
		req = next
	}
	t.Fatal("the browser goes around in circles")
	return ""
}

type browser struct {
	t      testing.TB
	person Person
	client *http.Client
}

func newBrowser(t testing.TB, p Person) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t: t, person: p, client: &http.Client{
		Transport: p.Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b browser) request(method, address string, form url.Values) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	return req
}

// next makes a request and gives the one that the browser makes after it, or the page that it ends
// with.
func (b browser) next(req *http.Request) (after *http.Request, page string) {
	b.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		b.t.Fatal(err)
	}
	page = string(data)
	to := func(reference string) string {
		u, err := req.URL.Parse(html.UnescapeString(reference))
		if err != nil {
			b.t.Fatal(err)
		}
		return u.String()
	}
	name := b.person.Name
	if name == "" {
		name = "ann"
	}
	choice := regexp.MustCompile(`href="(/oidc/authorize/` + name + `\?[^"]*)"`).FindStringSubmatch(page)
	form := formPattern.FindStringSubmatch(page)
	switch m := refreshPattern.FindStringSubmatch(page); {
	case resp.Header.Get("Location") != "":
		return b.request(http.MethodGet, to(resp.Header.Get("Location")), nil), ""
	case m != nil:
		return b.request(http.MethodGet, to(m[1]), nil), ""
	case choice != nil:
		return b.request(http.MethodGet, to(choice[1]), nil), ""
	case form != nil:
		return b.request(http.MethodPost, to(form[1]), b.fill(page)), ""
	}
	return nil, strconv.Itoa(resp.StatusCode) + " " + page
}

// fill fills in the consent page, or the one that asks for a key.
func (b browser) fill(page string) url.Values {
	form := url.Values{"decision": {"allow"}}
	for _, m := range hiddenPattern.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range scopePattern.FindAllStringSubmatch(page, -1) {
		if len(b.person.Scopes) == 0 || slices.Contains(b.person.Scopes, m[1]) {
			form.Add("scope", m[1])
		}
	}
	if strings.Contains(page, `name="key"`) {
		form.Set("decision", "link")
		form.Set("key", b.person.Key)
	}
	if m := replacePattern.FindStringSubmatch(page); m != nil {
		form.Set("replaces", html.UnescapeString(m[1]))
	}
	if b.person.Fill != nil {
		b.person.Fill(page, form)
	}
	return form
}

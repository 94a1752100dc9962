package landing

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/pages"
)

// ToolInfo is a tool as the page shows it.
type ToolInfo struct {
	Name, Title, Description string
	// ReadOnly tells that it changes nothing and sends nothing.
	ReadOnly bool
}

// Endpoint is another endpoint of the same server.
type Endpoint struct {
	// Title says what it has, such as "Read only".
	Title string
	// URL is as [Options.URL].
	URL func(*http.Request) string
}

// Options configure a [Landing]. Pages, Name and URL are required.
type Options struct {
	Pages *pages.Set
	// Name is what the product is called, such as "Clerk Chat".
	Name string
	// Version is shown in the footer; "" shows none.
	Version string
	// Login tells that connecting opens a sign-in in the browser.
	Login bool
	// Sandbox tells that the backend is simulated: messages reach nobody.
	Sandbox bool
	// SandboxURL is where the simulation shows what was sent: scheme and host. Default: the page
	// shows no link.
	SandboxURL string
	// Tools in the order they are shown.
	Tools []ToolInfo
	// Others are endpoints of this server with fewer tools.
	Others []Endpoint
	// URL is the endpoint's URL to give to a client, for this request. It is the caller's duty to
	// take the Host header only from a request whose host was checked.
	URL func(*http.Request) string
}

// Landing is the page that a browser gets at the endpoint's URL. It is safe for concurrent use.
type Landing struct {
	pages *pages.Set
	url   func(*http.Request) string
	other []Endpoint
	view  landingView // URL, Clients and Others are filled in per request
}

// NewLanding checks the options.
func NewLanding(o Options) (*Landing, error) {
	switch {
	case o.Pages == nil:
		return nil, errors.New("landing: Pages is not set")
	case o.Name == "":
		return nil, errors.New("landing: Name is empty")
	case o.URL == nil:
		return nil, errors.New("landing: URL is not set")
	}
	v := landingView{
		Name: o.Name, Version: o.Version, Login: o.Login, Sandbox: o.Sandbox, Tools: summaries(o.Tools), Prompts: prompts(o.Tools),
	}
	if o.SandboxURL != "" {
		if !isWebURL(o.SandboxURL) {
			return nil, errors.New("landing: SandboxURL must be an http or https URL with a host")
		}
		v.Outbox = strings.TrimSuffix(o.SandboxURL, "/") + "/_sandbox/messages"
	}
	return &Landing{pages: o.Pages, url: o.URL, other: o.Others, view: v}, nil
}

// ServeHTTP answers GET and HEAD. The page depends on the host that was asked, so nobody stores it.
func (l *Landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read.", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Add("Vary", "Accept") // the same URL answers clients in their own protocol
	endpoint := l.url(r)
	if !isWebURL(endpoint) {
		http.Error(w, "This server cannot tell its own address from the request. Open it by its host name.",
			http.StatusBadRequest)
		return
	}
	v := l.view
	v.URL = endpoint
	for _, c := range Clients(endpoint) {
		v.Clients = append(v.Clients, viewOf(c, v.Login))
	}
	for _, o := range l.other {
		if address := o.URL(r); isWebURL(address) {
			v.Others = append(v.Others, otherView{Title: o.Title, URL: address})
		}
	}
	l.pages.Render(w, http.StatusOK, pages.Landing, v)
}

// isWebURL takes what can be shown, copied and pasted as the address of a web server: http or
// https, a plain host, no user, query or fragment, and no character that a URL would have to
// escape.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return false
	}
	odd := func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'`<>\\^{|}$;&()*!?#@=", r)
	}
	// A comma stands between toolsets in a path and nowhere else.
	return strings.IndexFunc(s, odd) < 0 && !strings.Contains(u.Host, ",")
}

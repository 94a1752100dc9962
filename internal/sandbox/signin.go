package sandbox

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"

	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
)

// newSignIn makes the provider that people of the teams sign in with.
func (s *Sandbox) newSignIn() (*provider.Provider, error) {
	set, err := pages.New()
	if err != nil {
		return nil, err
	}
	set.OnFailure = func(page string, err error) {
		s.options.Logger.Error("sandbox: page cannot be made", "page", page, "error", err)
	}
	return provider.New(provider.Options{
		Now: s.options.Now, BaseURL: s.options.BaseURL, Pages: set, RedirectURIs: s.options.RedirectURIs,
		SigningKey: s.options.SigningKey,
	})
}

// addressed is the URL of the server as the request names it.
func addressed(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// breakable counts the requests of a route and lets faults happen to it, as they happen to REST.
func (s *Sandbox) breakable(route provider.Route) http.Handler {
	if route.Operation == "" {
		return route.Handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(route.Operation)
		s.faulty(w, r, route.Operation, func() func() {
			held := &heldAnswer{header: make(http.Header), status: http.StatusOK}
			route.Handler.ServeHTTP(held, r)
			return func() { held.sendTo(w) }
		}, nil)
	})
}

// heldAnswer is an [http.ResponseWriter] that keeps what it is given until it is sent, or lost.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *heldAnswer) Header() http.Header         { return a.header }
func (a *heldAnswer) WriteHeader(status int)      { a.status = status }
func (a *heldAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *heldAnswer) sendTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = a.body.WriteTo(w) // the client may be gone
}

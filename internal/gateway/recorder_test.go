package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// recorder stands in front of the sandbox, REST API and provider, and remembers what it is shown.
type recorder struct {
	*httptest.Server
	mu sync.Mutex
	// bearers and keys were shown to the REST API, all headers and bodies together are heard.
	bearers, keys []string
	heard         bytes.Buffer
	// hold, if it is set, is asked before a request goes on, and may change it.
	hold func(*http.Request)
	// subjects were given to the token endpoint for an exchange.
	subjects []string
}

func record(t *testing.T, upstream string) *recorder {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host // so that the sandbox calls itself by the recorder's address
	}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		if hold := r.remember(req, body); hold != nil {
			hold(req)
		}
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) remember(req *http.Request, body []byte) (hold func(*http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case strings.HasPrefix(req.URL.Path, "/public/"):
		if b := req.Header.Get("Authorization"); b != "" {
			r.bearers = append(r.bearers, strings.TrimPrefix(b, "Bearer "))
		}
		if k := req.Header.Get("Apikey"); k != "" {
			r.keys = append(r.keys, k)
		}
		_ = req.Header.Write(&r.heard)
		_, _ = r.heard.WriteString(req.URL.String())
		_, _ = r.heard.Write(body)
	case strings.HasSuffix(req.URL.Path, "/token"):
		form, _ := url.ParseQuery(string(body))
		if s := form.Get("subject_token"); s != "" {
			r.subjects = append(r.subjects, s)
		}
	}
	return r.hold
}

// holding sets what is asked before a request goes on.
func (r *recorder) holding(hold func(*http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = hold
}

// exchanges are how many tokens were given for an exchange.
func (r *recorder) exchanges() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.subjects)
}

// wantExchanged checks that the REST API was shown exchanged tokens, and no token but those.
func (r *recorder) wantExchanged(t *testing.T, clients ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bearers) == 0 || len(r.subjects) == 0 || len(r.keys) > 0 {
		t.Fatalf("%d bearers and %d keys at the API, %d tokens exchanged", len(r.bearers), len(r.keys), len(r.subjects))
	}
	for _, secret := range append(append([]string{sandbox.ClientSecret}, r.subjects...), clients...) {
		if secret == "" || strings.Contains(r.heard.String(), secret) {
			t.Error("the REST API was shown a token that is not meant for it")
		}
	}
}

// through puts a recorder in front of a configuration's sandbox.
func through(t *testing.T, r **recorder) func(*config.Config) {
	return func(c *config.Config) {
		*r = record(t, c.ClerkURL)
		c.ClerkURL = (*r).URL
		if c.OIDCIssuer != "" {
			c.OIDCIssuer = (*r).URL + "/oidc"
		}
		c.ExchangeAudience = (*r).URL
	}
}

package operator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// nowhere is an address at which nothing listens.
const nowhere = "127.0.0.1:1"

// short is a time-out for what never answers, where the test waits for it.
const short = 100 * time.Millisecond

// finding is what is expected of one probe.
type finding struct {
	result        operator.Result
	found, change string // parts
}

var fine = finding{result: operator.ResultOK}

func failed(found, change string) finding { return finding{operator.ResultFailed, found, change} }

// probe connects, and gives what was found by name. What has a password or a key in it fails the
// test.
func probe(t *testing.T, opts operator.ConnectOptions) map[string]operator.Connection {
	t.Helper()
	opts.Version = "test"
	found := map[string]operator.Connection{}
	for _, c := range operator.Connect(t.Context(), opts) {
		if _, twice := found[c.Name]; twice {
			t.Errorf("%s is there twice", c.Name)
		}
		found[c.Name] = c
		if c.Result != operator.ResultOK && (c.Found == "" || c.Change == "") {
			t.Errorf("%s does not say what is wrong and what to change: %+v", c.Name, c)
		}
		secrets := []config.Secret{opts.Config.ClerkAPIKey, opts.Config.OIDCClientSecret, opts.Config.ExchangeClientSecret, "pa55word"}
		for _, secret := range append(secrets, opts.Config.Secrets...) {
			if secret != "" && strings.Contains(c.Target+c.Found+c.Change, secret.Reveal()) {
				t.Errorf("%s shows a secret: %+v", c.Name, c)
			}
		}
	}
	return found
}

// want compares what was found with what was expected, by name. What is not expected must not be
// there.
func expect(t *testing.T, found map[string]operator.Connection, want map[string]finding) {
	t.Helper()
	for name, w := range want {
		c, ok := found[name]
		if !ok {
			t.Errorf("%s was not asked", name)
			continue
		}
		if c.Result != w.result || !strings.Contains(c.Found, w.found) || !strings.Contains(c.Change, w.change) {
			t.Errorf("%s: %+v, want %+v", name, c, w)
		}
	}
	for name, c := range found {
		if _, ok := want[name]; !ok {
			t.Errorf("%s was asked too: %+v", name, c)
		}
	}
}

// answering is a server that answers everything in one way, and its address.
func answering(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// silent is a server that answers nothing while the test runs.
func silent(t *testing.T) string {
	t.Helper()
	ended := make(chan struct{})
	address := answering(t, func(http.ResponseWriter, *http.Request) { <-ended })
	t.Cleanup(func() { close(ended) }) // before the server ends, which waits for its answers
	return address
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>Welcome</html>"))
}

const (
	keySetting = "--clerk-api-key (CLERK_API_KEY)"
	urlSetting = "--clerk-url (CLERK_API_URL)"
)

func TestConnectAsksTheRESTAPIWithTheKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		api  http.HandlerFunc // nil: the sandbox
		edit func(*config.Config)
		want finding
	}{
		"the key":     {want: finding{operator.ResultOK, "takes the key", ""}},
		"another key": {edit: func(c *config.Config) { c.ClerkAPIKey = "an0ther-key" }, want: failed("401", keySetting)},
		"a key that is not one": {
			edit: func(c *config.Config) { c.ClerkAPIKey = "an0ther key" }, want: failed("was not asked", keySetting),
		},
		"nothing listens": {edit: func(c *config.Config) { c.ClerkURL = "http://" + nowhere }, want: failed("refuses the connection", urlSetting)},
		"no such name": {
			edit: func(c *config.Config) { c.ClerkURL = "https://clerk.invalid" }, want: failed("", urlSetting),
		},
		"not TLS": {
			edit: func(c *config.Config) { c.ClerkURL = strings.Replace(c.ClerkURL, "http:", "https:", 1) }, want: failed("TLS", urlSetting),
		},
		"no answer":          {edit: func(c *config.Config) { c.ClerkURL = silent(t) }, want: failed("in time", urlSetting)},
		"403":                {api: status(http.StatusForbidden), want: failed("403", keySetting)},
		"404":                {api: status(http.StatusNotFound), want: failed("404", urlSetting)},
		"a redirect":         {api: status(http.StatusFound), want: failed("302", urlSetting)},
		"429":                {api: status(http.StatusTooManyRequests), want: finding{operator.ResultWarning, "429", "later"}},
		"503":                {api: status(http.StatusServiceUnavailable), want: failed("503", urlSetting)},
		"a page of another":  {api: page, want: failed("something else", urlSetting)},
		"a path beside it":   {edit: func(c *config.Config) { c.ClerkURL += "/elsewhere" }, want: failed("404", urlSetting)},
		"a slash at the end": {edit: func(c *config.Config) { c.ClerkURL += "/" }, want: fine},
	} {
		t.Run(name, func(t *testing.T) {
			opts := operator.ConnectOptions{Config: valid(t)}
			if tt.api != nil {
				opts.Config.ClerkURL = answering(t, tt.api)
			}
			if tt.edit != nil {
				tt.edit(&opts.Config)
			}
			if name == "no answer" {
				opts.Timeout = short
			}
			expect(t, probe(t, opts), map[string]finding{"redis": {operator.ResultOK, "in this process", ""}, "rest api": tt.want})
		})
	}
}

// Where each person has a credential of their own nothing can be said of keys.
func TestConnectOnlyReachesTheAPIWithoutAKey(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"linked", "login", "exchange"} {
		for name, tt := range map[string]struct {
			api  http.HandlerFunc
			want finding
		}{
			"the API":                {want: finding{operator.ResultOK, "nothing more is checked: with --clerk-credential " + credential, ""}},
			"something that lets in": {api: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":[]}`)) }, want: finding{operator.ResultWarning, "not one", urlSetting}},
			"a page":                 {api: page, want: failed("something else", urlSetting)},
			"502":                    {api: status(http.StatusBadGateway), want: failed("502", urlSetting)},
		} {
			t.Run(credential+"/"+name, func(t *testing.T) {
				cfg := valid(t)
				cfg.Auth, cfg.ClientDocuments, cfg.AllowAnyUser = "oauth", "builtin", true
				cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = cfg.ClerkURL+"/oidc", sandbox.ClientID, sandbox.ClientSecret
				cfg.ClerkCredential, cfg.ClerkAPIKey, cfg.ExchangeAudience = credential, "", cfg.ClerkURL
				if tt.api != nil {
					cfg.ClerkURL = answering(t, tt.api)
				}
				got := probe(t, operator.ConnectOptions{Config: cfg})
				expect(t, got, map[string]finding{"redis": fine, "provider metadata": fine, "provider keys": fine, "provider client": fine, "rest api": tt.want})
			})
		}
	}
}

// One thing that does not answer keeps nobody from learning about the others.
func TestConnectEndsWhenNothingAnswers(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	address := silent(t)
	cfg.Auth, cfg.ClientDocuments, cfg.AllowAnyUser = "oauth", "on", true
	cfg.OIDCIssuer, cfg.OIDCClientID, cfg.ClerkURL = address, "gateway", address
	got := probe(t, operator.ConnectOptions{Config: cfg, Timeout: short, ClientDocuments: unanswered{}})
	late := failed("does not answer in time", "")
	expect(t, got, map[string]finding{
		"redis": fine, "provider metadata": late, "rest api": late,
		"client documents": {operator.ResultWarning, "does not answer in time", "--egress-proxy (GATEWAY_EGRESS_PROXY)"},
	})
}

// unanswered is a network in which nothing answers.
type unanswered struct{}

func (unanswered) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

package resource_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/google/go-cmp/cmp"
)

func TestWithoutATokenTheClientIsToldWhereToSignIn(t *testing.T) {
	h := newServer(t).Protect(ok)
	for name, tc := range map[string]struct {
		method, path string
		header       http.Header
		scope, at    string
	}{
		"POST":                    {http.MethodPost, "/mcp", nil, "messages:read messages:send", "/mcp"},
		"root":                    {http.MethodPost, "/", nil, "messages:read messages:send", ""},
		"narrowed":                {http.MethodPost, "/mcp/readonly", nil, "messages:read", "/mcp/readonly"},
		"as spelled":              {http.MethodPost, "/mcp/", nil, "messages:read messages:send", "/mcp/"},
		"GET":                     {http.MethodGet, "/mcp", nil, "messages:read messages:send", "/mcp"},
		"DELETE":                  {http.MethodDelete, "/mcp", nil, "messages:read messages:send", "/mcp"},
		"HEAD":                    {http.MethodHead, "/mcp", nil, "messages:read messages:send", "/mcp"},
		"unknown version":         {http.MethodPost, "/mcp", http.Header{"Mcp-Protocol-Version": {"1999-01-01"}}, "messages:read messages:send", "/mcp"},
		"wrong content type":      {http.MethodPost, "/mcp", http.Header{"Content-Type": {"text/plain"}}, "messages:read messages:send", "/mcp"},
		"another scheme":          {http.MethodPost, "/mcp", http.Header{"Authorization": {"Basic YTpi"}}, "messages:read messages:send", "/mcp"},
		"a scheme that is longer": {http.MethodPost, "/mcp", http.Header{"Authorization": {"Bearertoken x"}}, "messages:read messages:send", "/mcp"},
		"Bearer and no more":      {http.MethodPost, "/mcp", http.Header{"Authorization": {"Bearer "}}, "messages:read messages:send", "/mcp"},
		"empty header":            {http.MethodPost, "/mcp", http.Header{"Authorization": {""}}, "messages:read messages:send", "/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, h, tc.method, public+tc.path, tc.header)
			if w.Code != http.StatusUnauthorized {
				t.Fatalf("status %d", w.Code)
			}
			want := map[string]string{"resource_metadata": metadata + tc.at, "scope": tc.scope}
			if diff := cmp.Diff(want, challenge(t, w)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got := rpcMessage(t, w); !strings.Contains(got, "sign in") {
				t.Errorf("message %q", got)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
		})
	}
}

func TestTheChallengeIsSpelledAsInTheSpecification(t *testing.T) {
	w := ask(t, newServer(t).Protect(ok), http.MethodPost, public+"/mcp", nil)
	const want = `Bearer scope="messages:read messages:send", ` +
		`resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`
	if got := w.Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestAGoodTokenPassesAndIsTakenOff(t *testing.T) {
	var seen *http.Request
	h := newServer(t).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
	header := bearer(tokenFor(public+"/mcp", "messages:read"))
	header.Set("Mcp-Session-Id", "s")
	w := ask(t, h, http.MethodPost, public+"/mcp", header)
	if w.Code != http.StatusOK || seen == nil {
		t.Fatalf("status %d", w.Code)
	}
	want := identity.Caller{Subject: "ann", Scopes: []string{"messages:read"}}
	if diff := cmp.Diff(want, request.From(seen.Context()).Caller); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if seen.Header.Get("Authorization") != "" || seen.Header.Get("Mcp-Session-Id") != "s" {
		t.Errorf("headers behind: %v", seen.Header)
	}
	if header.Get("Authorization") == "" {
		t.Error("the header of the request in front was changed")
	}
}

func TestTheSchemeIsReadInAnyCase(t *testing.T) {
	h := newServer(t).Protect(ok)
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer  "} {
		header := http.Header{"Authorization": {scheme + tokenFor(public+"/mcp", "a")}}
		if w := ask(t, h, http.MethodPost, public+"/mcp", header); w.Code != http.StatusOK {
			t.Errorf("%q: status %d", scheme, w.Code)
		}
	}
}

func TestATokenReachesTheVerifierAsItWasSent(t *testing.T) {
	for _, token := range []string{"a.b.c", "AZaz09-._~+/", "eyJhbGciOi==", "undefined"} {
		var seen string
		h := newServer(t, func(o *resource.Options) {
			o.Verifier = resource.VerifierFunc(func(_ context.Context, bearer, _ string) (identity.Caller, error) {
				seen = bearer
				return identity.Caller{Subject: "ann"}, nil
			})
		}).Protect(ok)
		if w := ask(t, h, http.MethodPost, public+"/mcp", bearer(token)); w.Code != http.StatusOK || seen != token {
			t.Errorf("%q: status %d, the verifier got %q", token, w.Code, seen)
		}
	}
}

func TestATokenIsGoodOnlyAtItsOwnEndpoint(t *testing.T) {
	h := newServer(t).Protect(ok)
	for _, tc := range []struct {
		audience, path string
		good           bool
	}{
		{public, "/", true},
		{public + "/mcp", "/mcp", true},
		{public + "/mcp", "/mcp/", true},
		{public + "/mcp", "/", false},
		{public, "/mcp", false},
		{public + "/mcp/readonly", "/mcp", false},
		{public + "/mcp", "/mcp/readonly", false},
	} {
		w := ask(t, h, http.MethodPost, public+tc.path, bearer(tokenFor(tc.audience, "a")))
		if (w.Code == http.StatusOK) != tc.good {
			t.Errorf("a token for %s at %s: status %d", tc.audience, tc.path, w.Code)
		}
	}
}

func TestAnInvalidTokenIsToldApartFromNone(t *testing.T) {
	w := ask(t, newServer(t).Protect(ok), http.MethodPost, public+"/mcp", bearer("nonsense"))
	if w.Code != http.StatusUnauthorized {
		t.Fatalf("status %d", w.Code)
	}
	want := map[string]string{
		"error":             "invalid_token",
		"error_description": "the token is for another resource",
		"scope":             "messages:read messages:send",
		"resource_metadata": metadata + "/mcp",
	}
	if diff := cmp.Diff(want, challenge(t, w)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if strings.Contains(w.Body.String()+w.Header().Get("WWW-Authenticate"), "secret") {
		t.Error("the cause reached the client")
	}
}

func TestMalformedAndDoubleTokensAreBadRequests(t *testing.T) {
	h := newServer(t).Protect(ok)
	good := tokenFor(public+"/mcp", "a")
	for name, tc := range map[string]struct {
		target string
		values []string
	}{
		"two headers":                    {"/mcp", []string{"Bearer " + good, "Bearer " + good}},
		"two headers, one of them empty": {"/mcp", []string{"Bearer " + good, ""}},
		"two tokens in one":              {"/mcp", []string{"Bearer " + good + ", Bearer " + good}},
		"two words":                      {"/mcp", []string{"Bearer " + good + " x"}},
		"quoted":                         {"/mcp", []string{`Bearer "` + good + `"`}},
		"not ASCII":                      {"/mcp", []string{"Bearer tökén"}},
		"only padding":                   {"/mcp", []string{"Bearer ="}},
		"beside one in the query":        {"/mcp?access_token=" + good, []string{"Bearer " + good}},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, h, http.MethodPost, public+tc.target, http.Header{"Authorization": tc.values})
			if w.Code != http.StatusBadRequest {
				t.Fatalf("status %d", w.Code)
			}
			c := challenge(t, w)
			if c["error"] != "invalid_request" || c["error_description"] == "" || c["resource_metadata"] != metadata+"/mcp" {
				t.Errorf("challenge %v", c)
			}
			rpcMessage(t, w)
		})
	}
}

func TestATokenInTheQueryOrTheBodyIsNotTaken(t *testing.T) {
	h := newServer(t).Protect(ok)
	good := tokenFor(public+"/mcp", "a")
	query := ask(t, h, http.MethodGet, public+"/mcp?access_token="+good, nil)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, public+"/mcp", strings.NewReader("access_token="+good))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body := httptest.NewRecorder()
	h.ServeHTTP(body, r)
	for name, w := range map[string]*httptest.ResponseRecorder{"query": query, "body": body} {
		if w.Code != http.StatusUnauthorized || challenge(t, w)["error"] != "" {
			t.Errorf("%s: status %d, challenge %v", name, w.Code, challenge(t, w))
		}
		if strings.Contains(w.Body.String(), good) {
			t.Errorf("%s: the answer repeats the token", name)
		}
	}
}

// Neither a new sign-in nor more scopes would help, so the client must not be sent to get them.
func TestWhoMayNotComeInGets403WithoutAChallenge(t *testing.T) {
	h := newServer(t, func(o *resource.Options) {
		o.Verifier = resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
			return identity.Caller{}, &fault.Error{Kind: fault.Denied, Public: "ask for access", Cause: errors.New("secret cause")}
		})
	}).Protect(ok)
	w := ask(t, h, http.MethodPost, public+"/mcp", bearer("x"))
	if w.Code != http.StatusForbidden || w.Header().Get("WWW-Authenticate") != "" || rpcMessage(t, w) != "ask for access" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// later is an error that knows when to try again.
func later(wait time.Duration) error {
	return &fault.Error{Kind: fault.Unavailable, RetryAfter: wait, Cause: errors.New("key server: connection refused")}
}

func TestATokenThatCannotBeJudgedIsNever401(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		wait string
	}{
		"knows when":       {later(7 * time.Second), "7"},
		"rounds up":        {later(1500 * time.Millisecond), "2"},
		"by an instant":    {later(time.Second + 1), "2"},
		"a whole second":   {later(time.Second), "1"},
		"does not know":    {later(0), "5"},
		"an unknown error": {errors.New("key server: boom"), "5"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h := newServer(t, func(o *resource.Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				o.Verifier = resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
					return identity.Caller{Subject: "ann"}, tc.err
				})
			}).Protect(ok)
			w := ask(t, h, http.MethodPost, public+"/mcp", bearer("canary-token"))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != tc.wait {
				t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			if w.Header().Get("WWW-Authenticate") != "" || !strings.HasPrefix(rpcMessage(t, w), "the access token cannot be checked") {
				t.Errorf("answer %v %s", w.Header(), w.Body)
			}
			const line = `msg="an access token could not be judged" error="key server: `
			if !strings.Contains(log.String(), line) || strings.Contains(log.String(), "canary") {
				t.Errorf("log %s", &log)
			}
		})
	}
}

func TestReasonsCannotBreakOutOfTheChallenge(t *testing.T) {
	h := newServer(t, func(o *resource.Options) {
		o.Verifier = resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
			return identity.Caller{}, refused("a\", scope=\"all\\\r\nX-Evil: 1 ü")
		})
	}).Protect(ok)
	c := challenge(t, ask(t, h, http.MethodPost, public+"/mcp", bearer("x")))
	if c["scope"] != "messages:read messages:send" || c["error_description"] != "a, scope=allX-Evil: 1 " {
		t.Errorf("challenge %v", c)
	}
}

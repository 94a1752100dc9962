package resource_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/google/go-cmp/cmp"
)

// requiring answers with what Require says.
func requiring(s *resource.Server, scopes ...string) http.Handler {
	return s.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As the endpoint does: it puts in what the client said of itself.
		request.From(r.Context()).Client.Name = "client"
		if err := s.Require(r.Context(), scopes); err != nil {
			var refusal *resource.Refusal
			if !errors.As(err, &refusal) {
				http.Error(w, err.Error(), http.StatusTeapot)
				return
			}
			refusal.Write(w)
		}
	}))
}

func TestACallWithinItsScopesPasses(t *testing.T) {
	s := newServer(t)
	for _, scopes := range [][]string{nil, {"a"}, {"a", "b"}, {"b", "b"}} {
		w := ask(t, requiring(s, scopes...), http.MethodPost, public+"/mcp", bearer(tokenFor(public+"/mcp", "a", "b")))
		if w.Code != http.StatusOK {
			t.Errorf("%v: status %d", scopes, w.Code)
		}
	}
}

func TestACallBeyondItsScopesIsToldAllItNeeds(t *testing.T) {
	s := newServer(t)
	w := ask(t, requiring(s, "c", "a", "b", "a"), http.MethodPost, public+"/mcp", bearer(tokenFor(public+"/mcp", "a")))
	if w.Code != http.StatusForbidden {
		t.Fatalf("status %d", w.Code)
	}
	c := challenge(t, w)
	want := map[string]string{
		"error":             "insufficient_scope",
		"error_description": c["error_description"],
		"scope":             "a b c",
		"resource_metadata": metadata + "/mcp",
	}
	if diff := cmp.Diff(want, c); diff != "" || c["error_description"] == "" {
		t.Errorf("-want +got\n%s", diff)
	}
	rpcMessage(t, w)
}

func TestScopesAreNamedAsTheAuthorizationServerKnowsThem(t *testing.T) {
	s := newServer(t, func(o *resource.Options) {
		o.ScopeNames = map[string]string{"messages:send": "api://clerk/Send"}
	})
	w := ask(t, s.Protect(ok), http.MethodPost, public+"/mcp", nil)
	if got := challenge(t, w)["scope"]; got != "messages:read api://clerk/Send" {
		t.Errorf("401 asks for %q", got)
	}
	w = ask(t, requiring(s, "messages:send"), http.MethodPost, public+"/mcp", bearer(tokenFor(public+"/mcp", "a")))
	if got := challenge(t, w)["scope"]; got != "api://clerk/Send" {
		t.Errorf("403 asks for %q", got)
	}
	if got := readMetadata(t, s, "/mcp").ScopesSupported; !cmp.Equal(got, []string{"messages:read", "api://clerk/Send"}) {
		t.Errorf("metadata says %q", got)
	}
}

func TestScopesWithoutACheckedCallerAreRefused(t *testing.T) {
	s := newServer(t)
	ctx := request.With(t.Context(), &request.Request{Caller: identity.Caller{Subject: "ann", Scopes: []string{"a"}}})
	for _, scopes := range [][]string{nil, {"a"}} {
		err := s.Require(ctx, scopes)
		var refusal *resource.Refusal
		if !errors.As(err, &refusal) {
			t.Fatalf("%v", err)
		}
		w := httptest.NewRecorder()
		refusal.Write(w)
		if w.Code != http.StatusInternalServerError || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
}

// No sign-in adds a scope that the authorization server lists where nobody looks: the client is
// told what to set.
func TestTokenWithoutAnyKnownScopeSaysWhatToSet(t *testing.T) {
	s := newServer(t, func(o *resource.Options) { o.NoScopeHint = "set --token-scope-claim" })
	for name, tt := range map[string]struct {
		granted []string
		hint    bool
	}{
		"none":                      {nil, true},
		"foreign ones":              {[]string{"openid", "clerk.send"}, true},
		"one that another call has": {[]string{"openid", "messages:read"}, false},
	} {
		w := ask(t, requiring(s, "messages:send"), http.MethodPost, public+"/mcp", bearer(tokenFor(public+"/mcp", tt.granted...)))
		if told := challenge(t, w)["error_description"]; w.Code != http.StatusForbidden || strings.HasSuffix(told, "does not help: set --token-scope-claim") != tt.hint {
			t.Errorf("%s: %d %q", name, w.Code, told)
		}
	}
}

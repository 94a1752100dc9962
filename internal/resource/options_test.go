package resource_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
)

func TestNewReportsAllThatIsWrong(t *testing.T) {
	_, err := resource.New(resource.Options{
		PublicURL:  &url.URL{Scheme: "https", Host: "a", Path: "/path", User: url.UserPassword("me", "hunter2")},
		ScopeNames: map[string]string{"messages:send": "two words"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Verifier", "authorization server", "two words", "public URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestEachOptionIsCheckedByItself(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*resource.Options)
		said   string
	}{
		"no endpoints":            {func(o *resource.Options) { o.Endpoints = nil }, "are required"},
		"no verifier":             {func(o *resource.Options) { o.Verifier = nil }, "are required"},
		"no logger":               {func(o *resource.Options) { o.Logger = nil }, "are required"},
		"no name":                 {func(o *resource.Options) { o.Name = "" }, "are required"},
		"no authorization server": {func(o *resource.Options) { o.AuthorizationServers = nil }, "authorization server is required"},
		"a URL without a host":    {func(o *resource.Options) { o.PublicURL = &url.URL{Scheme: "https"} }, "public URL"},
		"a URL with a user":       {func(o *resource.Options) { o.PublicURL = parse(t, "https://me@a") }, "public URL"},
		"a URL with a query":      {func(o *resource.Options) { o.PublicURL = parse(t, "https://a/?x=1") }, "public URL"},
		"a URL with a fragment":   {func(o *resource.Options) { o.PublicURL = parse(t, "https://a/#x") }, "public URL"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := resource.New(options(t, tt.change)); err == nil || !strings.Contains(err.Error(), tt.said) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAScopeNameIsOneWordWithoutQuoting(t *testing.T) {
	for theirs, good := range map[string]bool{
		"a": true, "!": true, "#": true, "[": true, "]": true, "~": true, "api://clerk/Send": true,
		"": false, " ": false, "two words": false, "a\x1f": false, "a\x7f": false, `a"`: false, `a\`: false, "ü": false,
	} {
		_, err := resource.New(options(t, func(o *resource.Options) { o.ScopeNames = map[string]string{"messages:send": theirs} }))
		if (err == nil) != good {
			t.Errorf("%q: error %v", theirs, err)
		}
	}
}

// Requests come without the path of the public URL, and clients know the endpoints by the URL that
// has it.
func TestAPublicURLWithAPathIsPartOfEveryResource(t *testing.T) {
	for base, tail := range map[string]string{"/base": "/base", "/base/": "/base", "/": "", "/a%2Fb": "/a%2Fb"} {
		for _, tt := range []struct{ path, asked, resource, metadata string }{
			{"/mcp", "/base/mcp?x=1", tail + "/mcp", tail + "/mcp"},
			{"/mcp/", "/base/mcp/", tail + "/mcp", tail + "/mcp/"},
			{"/", "/base", tail, tail},
			{"/", "/base?x=/", tail, tail},
			{"/", "/base/", tail, map[bool]string{true: "", false: tail + "/"}[tail == ""]},
		} {
			var verified string
			s := newServer(t, func(o *resource.Options) {
				o.PublicURL = parse(t, public+base)
				o.Verifier = resource.VerifierFunc(func(_ context.Context, _, res string) (identity.Caller, error) {
					verified = res
					return identity.Caller{}, refused("expired")
				})
			})
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.RequestURI = tt.asked // before whoever is in front cut the path off
				s.Protect(ok).ServeHTTP(w, r)
			})
			got := challenge(t, ask(t, h, http.MethodPost, public+tt.path, bearer("x")))["resource_metadata"]
			if verified != public+tt.resource || got != metadata+tt.metadata {
				t.Errorf("%s, %s: a token for %q, metadata at %q", base, tt.asked, verified, got)
			}
			if m := readMetadata(t, s, tt.path); m.Resource != public+tail+tt.path {
				t.Errorf("%s: the metadata says %q", base, m.Resource)
			}
		}
	}
}

package resource_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
)

// A refusal is a JSON-RPC error that nobody keeps, whatever the reason; its code says whose fault
// it is.
func TestARefusalIsAJSONRPCError(t *testing.T) {
	verifying := func(err error) http.Handler {
		return newServer(t, func(o *resource.Options) {
			o.Verifier = resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) { return identity.Caller{}, err })
		}).Protect(ok)
	}
	s := newServer(t)
	for name, tt := range map[string]struct {
		h            http.Handler
		header       http.Header
		status, code int
	}{
		"no token":             {s.Protect(ok), nil, http.StatusUnauthorized, -32600},
		"a token that is bad":  {verifying(refused("expired")), bearer("x"), http.StatusUnauthorized, -32600},
		"two tokens":           {s.Protect(ok), http.Header{"Authorization": {"Bearer a", "Bearer b"}}, http.StatusBadRequest, -32600},
		"who may not come in":  {verifying(&fault.Error{Kind: fault.Denied, Public: "ask for access"}), bearer("x"), http.StatusForbidden, -32600},
		"nobody can tell":      {verifying(errors.New("boom")), bearer("x"), http.StatusServiceUnavailable, -32603},
		"a scope that is lost": {requiring(s, "c"), bearer(tokenFor(public+"/mcp", "a")), http.StatusForbidden, -32600},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, tt.h, http.MethodPost, public+"/mcp", tt.header)
			if code := rpcCode(t, w); w.Code != tt.status || code != tt.code {
				t.Errorf("%d with code %d, want %d with %d", w.Code, code, tt.status, tt.code)
			}
			if h := w.Header(); h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// The query is not part of the resource: some balancers and clients add one.
func TestAQueryChangesNothingAboutAToken(t *testing.T) {
	h := newServer(t).Protect(ok)
	if w := ask(t, h, http.MethodPost, public+"/mcp?x=1", bearer(tokenFor(public+"/mcp", "a"))); w.Code != http.StatusOK {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	w := ask(t, h, http.MethodPost, public+"/mcp?x=1", nil)
	if got := challenge(t, w)["resource_metadata"]; got != metadata+"/mcp" {
		t.Errorf("the metadata is said to be at %s", got)
	}
}

func TestHeadOfMetadataIsItsHeader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(newServer(t).ServeMetadata))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+resource.MetadataPath+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" || resp.ContentLength <= 0 {
		t.Errorf("%d %v, length %d", resp.StatusCode, resp.Header, resp.ContentLength)
	}
}

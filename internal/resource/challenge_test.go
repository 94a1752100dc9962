package resource_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/google/go-cmp/cmp"
)

// challenging answers with what Challenge says.
func challenging(s *resource.Server, t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var refusal *resource.Refusal
		if !errors.As(s.Challenge(r.Context(), "the sign-in has ended"), &refusal) {
			t.Fatal("no refusal")
		}
		refusal.Write(w)
	})
}

// It is the challenge that an access token which is not good any more would get, at the same
// endpoint.
func TestASignInThatHasEndedSinceIsChallenged(t *testing.T) {
	s := newServer(t, func(o *resource.Options) { o.ScopeNames = map[string]string{"messages:read": "read"} })
	for path, scope := range map[string]string{"/mcp": "read messages:send", "/mcp/readonly": "read"} {
		w := ask(t, s.Protect(challenging(s, t)), http.MethodPost, public+path, bearer(tokenFor(public+path, "messages:read")))
		want := map[string]string{
			"error": "invalid_token", "error_description": "the sign-in has ended", "scope": scope, "resource_metadata": metadata + path,
		}
		if diff := cmp.Diff(want, challenge(t, w)); diff != "" || w.Code != http.StatusUnauthorized {
			t.Errorf("%s: status %d, -want +got\n%s", path, w.Code, diff)
		}
		if got := rpcMessage(t, w); got != "the sign-in has ended" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestAChallengeNeedsSomebodyWhoWasChecked(t *testing.T) {
	w := httptest.NewRecorder()
	challenging(newServer(t), t).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, public+"/mcp", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// identityProvider is a provider that nobody here wrote, see provider/server.mjs.
type identityProvider struct{ issuer string }

// happened is what it tells of itself.
type happened struct {
	Issued, Refused map[string]int // by grant type
	Held, Tried     int
	Authorization   map[string]string
}

func startProvider(t *testing.T, redirect string) *identityProvider {
	t.Helper()
	needClients(t)
	cmd := exec.Command(node, "provider/server.mjs", redirect)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if issuer, ok := strings.CutPrefix(sc.Text(), "ready "); ok {
			return &identityProvider{issuer}
		}
	}
	t.Fatal("the provider ended before it was ready")
	return nil
}

// control asks the provider to do something besides its work.
func (p *identityProvider) control(t *testing.T, method, path string, body any) happened {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.issuer+"/_control"+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var h happened
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the provider's control answered %s: %v", resp.Status, err)
	}
	return h
}

func (p *identityProvider) seen(t *testing.T) happened {
	t.Helper()
	return p.control(t, http.MethodGet, "", struct{}{})
}

// set changes how the provider behaves.
func (p *identityProvider) set(t *testing.T, settings map[string]any) {
	t.Helper()
	p.control(t, http.MethodPut, "", settings)
}

// forget makes the provider forget what it gave: AccessToken, Grant.
func (p *identityProvider) forget(t *testing.T, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		p.control(t, http.MethodPost, "/forget", map[string]string{"kind": kind})
	}
}

// newAPI is a REST API that takes the provider's access tokens and asks it about each.
func newAPI(t *testing.T, p *identityProvider) string {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		r.Header.Del("Authorization")
		if p.active(bearer) { // else it has no key, which the API answers with 401
			r.Header.Set("apiKey", sandbox.Key)
		}
		sb.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// active asks whether an access token is good (RFC 7662 §2.1).
func (p *identityProvider) active(token string) bool {
	req, err := http.NewRequest(http.MethodPost, p.issuer+"/token/introspection",
		strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("api", url.QueryEscape("the secret of api"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Active bool }
	return json.NewDecoder(resp.Body).Decode(&answer) == nil && answer.Active
}

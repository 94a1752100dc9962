package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func TestWrongOptionsAreAllNamed(t *testing.T) {
	_, err := authserver.New(authserver.Options{PublicURL: must(url.Parse("http://mcp.example.com"))})
	for _, want := range []string{"Options.Name", "Options.SignIn", "Options.Grants", "Options.Keys.CSRF", "https"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	for _, bad := range []string{"https://", "https://mcp.example.com?x", "https://u@mcp.example.com"} {
		if _, err := authserver.New(authserver.Options{PublicURL: must(url.Parse(bad))}); err == nil || !strings.Contains(err.Error(), "scheme and host only") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCORSIsForProgramsAndNotForPages(t *testing.T) {
	w := newWorld(t)
	ask := func(method, path string) *http.Response {
		req := must(http.NewRequestWithContext(t.Context(), method, w.url+path, nil))
		req.Header.Set("Origin", "https://inspector.example")
		resp := must(w.server.Client().Do(req))
		_ = resp.Body.Close()
		return resp
	}
	for _, path := range []string{
		authserver.MetadataPath, authserver.OpenIDMetadataPath, authserver.KeysPath, authserver.RegisterPath, authserver.TokenPath, authserver.RevokePath,
	} {
		resp := ask(http.MethodOptions, path)
		if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != "*" ||
			resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
		if resp := ask(http.MethodDelete, path); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" {
			t.Errorf("DELETE %s: %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{authserver.AuthorizePath, authserver.CallbackPath} {
		if resp := ask(http.MethodGet, path); resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

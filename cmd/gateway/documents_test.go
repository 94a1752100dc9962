package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// wellKnown are clients whose document is built in, with a redirect of each.
var wellKnown = map[string][2]string{
	"Claude Code":        {"https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:3118/callback"},
	"Codex":              {"https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:1455/callback"},
	"Visual Studio Code": {"https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/"},
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func authorizationOf(base, client, redirect string) string {
	return base + "/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
	}.Encode()
}

// nowhere is the URL of a proxy that is not there.
func nowhere(t *testing.T) string {
	t.Helper()
	return "http://gateway:hunter2@" + testkit.FreeAddress(t)
}

func TestDemoWithoutInternetServesWellKnownClients(t *testing.T) {
	for mode, args := range map[string][]string{
		"on": {"--egress-proxy", nowhere(t), "--client-document-hosts", "app.example"}, "builtin": {"--client-documents", "builtin"},
	} {
		t.Run(mode, func(t *testing.T) {
			demo := start(t, append([]string{"demo", "--auth", "oauth", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"}, args...)...)
			for name, c := range wellKnown {
				if resp, body := get(t, authorizationOf(demo.url, c[0], c[1])); resp.StatusCode != http.StatusOK || !strings.Contains(body, name) {
					t.Errorf("%s: %d %s", name, resp.StatusCode, body)
				}
			}
			resp, body := get(t, authorizationOf(demo.url, "https://app.example/client.json", "https://app.example/callback"))
			want := map[string]int{"on": http.StatusServiceUnavailable, "builtin": http.StatusBadRequest}[mode]
			if resp.StatusCode != want || mode == "on" && resp.Header.Get("Retry-After") == "" || strings.Contains(body, "its makers") {
				t.Errorf("another: %d %v %s", resp.StatusCode, resp.Header, body)
			}
			resp, body = get(t, authorizationOf(demo.url, "https://other.example/client.json", "https://other.example/callback"))
			if mode == "on" && (resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "--client-document-hosts")) {
				t.Errorf("a host that is not listed: %d %s", resp.StatusCode, body)
			}
			if code := demo.stop(t); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			log := demo.stderr.String()
			if strings.Contains(log, "hunter2") || strings.Contains(log, "cause=proxy serves=built-in") != (mode == "on") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestDemoWithoutDocumentsDoesNotAnnounceThem(t *testing.T) {
	demo := start(t, "demo", "--auth", "oauth", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--client-documents", "off")
	_, body := get(t, demo.url+"/.well-known/oauth-authorization-server")
	var metadata map[string]any
	if err := json.Unmarshal([]byte(body), &metadata); err != nil || metadata["client_id_metadata_document_supported"] != false {
		t.Errorf("%v %s", err, body)
	}
	if resp, _ := get(t, authorizationOf(demo.url, wellKnown["Codex"][0], wellKnown["Codex"][1])); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%d", resp.StatusCode)
	}
}

// The proxy of the environment is used for documents when the setting says so, with what it sends
// directly.
func TestDemoTakesTheProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", nowhere(t))
	t.Setenv("NO_PROXY", "direct.invalid") // no resolver knows it
	demo := start(t, "demo", "--auth", "oauth", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--egress-proxy", "env",
		"--client-document-hosts", "direct.invalid")
	for _, c := range wellKnown {
		if resp, _ := get(t, authorizationOf(demo.url, c[0], c[1])); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", c[0], resp.StatusCode)
		}
	}
	if resp, _ := get(t, authorizationOf(demo.url, "https://direct.invalid/c", "https://direct.invalid/cb")); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("sent directly: %d", resp.StatusCode)
	}
	demo.stop(t)
	log := demo.stderr.String()
	if !strings.Contains(log, "host=claude.ai path=/oauth/claude-code-client-metadata status=0 cause=proxy") || strings.Contains(log, "hunter2") ||
		!strings.Contains(log, "host=direct.invalid path=/c") || strings.Contains(log, "host=direct.invalid path=/c status=0 cause=proxy") {
		t.Errorf("log: %s", log)
	}
}

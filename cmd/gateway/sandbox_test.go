package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// A page that lets a name of its own resolve to the sandbox's address must not reach it: it asks
// nobody for a password.
func TestTheSandboxAnswersForItsOwnNamesOnly(t *testing.T) {
	sb := start(t, "sandbox", "--sandbox-listen", "127.0.0.1:0", "--allowed-hosts", "sandbox")
	base := sb.ready["sandbox"]
	port := base[strings.LastIndexByte(base, ':'):]
	for host, want := range map[string]int{
		"127.0.0.1" + port: http.StatusOK, "localhost" + port: http.StatusOK, "sandbox" + port: http.StatusOK, "192.0.2.7": http.StatusOK,
		"evil.example": http.StatusForbidden, "evil.example" + port: http.StatusForbidden, "sandbox.evil.example": http.StatusForbidden,
	} {
		for _, path := range []string{"/livez", "/_sandbox/messages", "/oidc/.well-known/openid-configuration"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s of %s: %s, want %d", path, host, resp.Status, want)
			}
		}
	}
}

func TestTheSandboxOfTheDemoIsGuardedToo(t *testing.T) {
	demo := startDemo(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, demo.ready["sandbox"]+"/_sandbox/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("it answers %s", resp.Status)
	}
}

// The configuration knows the sandbox by what it publishes.
func TestTheConfigurationKnowsTheSandbox(t *testing.T) {
	if config.SandboxKey != sandbox.Key || config.SandboxClientSecret != sandbox.ClientSecret {
		t.Error("the sandbox's key or client secret is another one than the configuration knows")
	}
	c := config.Config{Auth: "oauth", OIDCIssuer: signInAt("http://127.0.0.1:8081")}
	if !c.SandboxSignsIn() {
		t.Errorf("%s is not taken for the sandbox's sign-in", c.OIDCIssuer)
	}
}

func TestWarningsAreLoggedAtStart(t *testing.T) {
	demo := startDemo(t, "--resend-absent", "--admin-listen", "0.0.0.0:0")
	for _, want := range []string{"--resend-absent (GATEWAY_RESEND_ABSENT)", "--admin-listen (GATEWAY_ADMIN_LISTEN)"} {
		line := ""
		for l := range strings.Lines(demo.stderr.String()) {
			if strings.Contains(l, want) {
				line += l
			}
		}
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, "WARN") {
			t.Errorf("of %s it says %q, want one line of level WARN", want, line)
		}
	}
}

//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	listedSecret = "a-secret-of-listed-clients-of-these-tests"
	atCompany    = "0oa-agent"
	// listedClients are a client that acts for itself, and one for which the company vouches.
	listedClients = `{"clients":[
		{"client_id":"nightly","client_secret":"` + listedSecret + `","grant_types":["client_credentials"],"scope":"messages:read messages:send"},
		{"client_id":"agent","client_secret":"` + listedSecret + `","grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"],
		 "scope":"messages:read messages:send"}
	]}`
)

// office is a gateway process in front of the sandbox, with a company that vouches for Ann.
type office struct {
	url, sandbox string
	company      *tokentest.Company
}

func openOffice(t *testing.T) *office {
	t.Helper()
	needClients(t)
	o := &office{company: tokentest.NewCompany(t)}
	o.company.Trust(atCompany, "agent")
	o.company.Hire("ann", map[string]any{"email": "ann@acme.example", "email_verified": true, "groups": []string{"staff"}})
	o.company.Hire("eve", map[string]any{"email": "eve@acme.example", "email_verified": true, "groups": []string{"left"}})
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(sb)
	t.Cleanup(backend.Close)
	o.sandbox = backend.URL
	list := filepath.Join(t.TempDir(), "clients.json")
	if err := os.WriteFile(list, []byte(listedClients), 0o600); err != nil {
		t.Fatal(err)
	}
	redis := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always", "--dir", t.TempDir())
	gateway := &gatewayProcess{address: testkit.FreeAddress(t), ended: make(chan struct{})}
	o.url = "http://" + gateway.address
	gateway.start(t, "GATEWAY_LISTEN="+gateway.address, "GATEWAY_PUBLIC_URL="+o.url, "GATEWAY_REDIS_URL="+redis.URL(),
		"GATEWAY_SECRET="+replicaSecret, "GATEWAY_AUTH=oauth", "GATEWAY_DRAIN_DELAY=0s", "GATEWAY_OAUTH_CLIENTS="+list,
		"OIDC_ISSUER="+o.company.URL, "OIDC_CLIENT_ID=gateway", "OIDC_CLIENT_SECRET="+gatewaySecret,
		"GATEWAY_IDENTITY_ASSERTION_ISSUER="+o.company.URL, "GATEWAY_ALLOW_SIGNIN=email_domain=acme.example", "GATEWAY_DENY_SIGNIN=groups=left",
		"CLERK_API_URL="+o.sandbox, "CLERK_API_KEY="+sandbox.Key, "CLERK_CREDENTIAL=api-key")
	if t.Failed() {
		t.FailNow()
	}
	return o
}

// token asks for an access token without a browser.
func (o *office) token(t *testing.T, form url.Values) string {
	t.Helper()
	resp, err := http.PostForm(o.url+"/oauth/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Access string `json:"access_token"`
		Error  string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Access == "" {
		t.Fatalf("%s: %v %s", resp.Status, err, got.Error)
	}
	return got.Access
}

// sent wants a text to have been sent once.
func (o *office) sent(t *testing.T, text string) {
	t.Helper()
	if n, err := (&deployment{sandbox: o.sandbox}).sent(text); err != nil || n != 1 {
		t.Errorf("%q was sent %d times, want once: %v", text, n, err)
	}
}

func sending(text string) map[string]any {
	return map[string]any{"sender": sandbox.Sender, "recipients": []string{"+15559876543"}, "body": text}
}

// callByMCPC has mcpc call a tool with an access token: it signs in through the browser alone, see
// @apify/mcpc 0.2.6, dist/cli/index.js, .command('login [server]'), and
// dist/lib/auth/oauth-provider.js, grant_types.
func (o *office) callByMCPC(t *testing.T, access, text string) {
	t.Helper()
	d := newDesk(t, nil)
	mcpc := func(args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), clientTime)
		defer cancel()
		out, err := d.run(ctx, absolute(t, node), append([]string{absolute(t, "node_modules/.bin/mcpc")}, args...)...)
		if err != nil {
			t.Fatalf("mcpc %s: %v", args[0], err)
		}
		return out
	}
	mcpc("connect", o.url+"/mcp", "@s", "--no-profile", "--header", "Authorization: Bearer "+access)
	t.Cleanup(func() { // a process of its own
		_, _ = d.run(context.Background(), absolute(t, node), absolute(t, "node_modules/.bin/mcpc"), "close", "@s")
	})
	arguments, err := json.Marshal(sending(text))
	if err != nil {
		t.Fatal(err)
	}
	mcpc("--json", "@s", "tools-call", "send_message", string(arguments))
	o.sent(t, text)
	if n := len(d.invitations()); n != 0 {
		t.Errorf("a person was asked to sign in %d times", n)
	}
}

// callBySDK has the TypeScript SDK sign in by one of its providers and call a tool, see
// grants/client.mjs.
func (o *office) callBySDK(t *testing.T, grant, text string, settings map[string]any) (string, error) {
	t.Helper()
	all := map[string]any{"grant": grant, "url": o.url + "/mcp", "issuer": o.url, "secret": listedSecret, "arguments": sending(text)}
	for name, value := range settings {
		all[name] = value
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	d := newDesk(t, nil)
	return d.run(ctx, absolute(t, node), absolute(t, "grants/client.mjs"), string(data))
}

func TestMCPCCallsWithATokenOfClientCredentials(t *testing.T) {
	o := openOffice(t)
	access := o.token(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {"nightly"}, "client_secret": {listedSecret}})
	o.callByMCPC(t, access, "mcpc, for itself")
}

// What speaks to processes alone signs in by mcp-remote, which asks for its next token by itself.
func TestMCPRemoteSignsInByClientCredentials(t *testing.T) {
	o := openOffice(t)
	connect := func(t *testing.T, secret string) (*mcp.ClientSession, error) {
		d := newDesk(t, nil)
		d.env = append(d.env, "MCP_REMOTE_CONFIG_DIR="+d.home, "NIGHTLY_SECRET="+secret)
		ctx, cancel := context.WithTimeout(t.Context(), clientTime)
		t.Cleanup(cancel)
		cmd := d.command(ctx, absolute(t, node), absolute(t, "node_modules/.bin/mcp-remote"), o.url+"/mcp", "--transport", "http-only",
			"--client-credentials", "--static-oauth-client-info", `{"client_id":"nightly","client_secret":"${NIGHTLY_SECRET}"}`)
		cmd.Stderr = t.Output()
		client := mcp.NewClient(&mcp.Implementation{Name: "stdio-client", Version: "1"}, nil)
		session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
		if n := len(d.invitations()); n != 0 {
			t.Errorf("a person was asked to sign in %d times", n)
		}
		return session, err
	}
	session, err := connect(t, listedSecret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	const text = "mcp-remote, for itself"
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: sending(text)})
	if err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	o.sent(t, text)
	if other, err := connect(t, "another"); err == nil {
		t.Error("it signs in with a wrong secret", other.Close())
	}
}

func TestTypeScriptSDKSignsInByClientCredentials(t *testing.T) {
	o := openOffice(t)
	if out, err := o.callBySDK(t, "client_credentials", "SDK, for itself", map[string]any{"client": "nightly"}); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	o.sent(t, "SDK, for itself")
	out, err := o.callBySDK(t, "client_credentials", "not this", map[string]any{"client": "nightly", "secret": "another"})
	if err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("with a wrong secret: %v %s", err, out)
	}
}

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

const (
	manyContacts = 1500
	partsOfMany  = 15 // of the default --batch-size
)

// slowDemo is a demo that takes its time for each part of a batch, and the address of its metrics.
func slowDemo(t *testing.T, part time.Duration) (d demo, metrics string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics = l.Addr().String()
	_ = l.Close()
	d = startDemo(t, "--max-contacts", fmt.Sprint(manyContacts), "--admin-listen", metrics)
	fault := fmt.Sprintf(`{"operation":"createContacts","kind":"delay","ms":%d,"count":%d}`, part.Milliseconds(), partsOfMany)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.sandbox+"/_sandbox/faults", strings.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		data, _ := io.ReadAll(resp.Body)
		t.Fatalf("%d %s", resp.StatusCode, data)
	}
	return d, metrics
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// parts is how many parts of batches have reached the sandbox.
func (d demo) parts(t *testing.T) int {
	t.Helper()
	var body struct{ Requests map[string]int }
	if err := json.Unmarshal([]byte(get(t, d.sandbox+"/_sandbox/requests")), &body); err != nil {
		t.Fatal(err)
	}
	return body.Requests["createContacts"]
}

// wantStopped waits for the end of the one call that there was: after the part that was under way
// at its abort, and one more at most.
func wantStopped(t *testing.T, d demo, metrics string, before int) {
	t.Helper()
	testkit.Eventually(t, "the end of the call", func() bool {
		return strings.Contains(get(t, "http://"+metrics+"/metrics"), `clerk_gateway_tool_calls_total{outcome="failed",tool="create_contacts_batch"} 1`)
	})
	if n := d.parts(t); n > before+1 || n >= partsOfMany {
		t.Errorf("%d parts, %d at the abort", n, before)
	}
}

func TestAnAbortOfTheTypeScriptSDKStopsABatch(t *testing.T) {
	needClients(t)
	for _, tt := range []struct {
		sdk int
		era string
	}{{1, "legacy"}, {2, "legacy"}, {2, "modern"}} {
		t.Run(fmt.Sprintf("SDK %d, %s", tt.sdk, tt.era), func(t *testing.T) {
			d, metrics := slowDemo(t, time.Second)
			settings, err := json.Marshal(map[string]any{"url": d.url + "/mcp", "sdk": tt.sdk, "era": tt.era, "contacts": manyContacts})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), node, "cancel/client.mjs", string(settings))
			cmd.Stderr = t.Output()
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = in.Close()
				_ = cmd.Wait()
			}()
			testkit.Eventually(t, "the second part", func() bool { return d.parts(t) >= 2 })
			before := d.parts(t)
			if _, err := io.WriteString(in, "abort\n"); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "aborted\n" {
				t.Fatalf("the client says %q, %v", line, err)
			}
			wantStopped(t, d, metrics, before)
		})
	}
}

// In the modern era the bridge passes the notification of its own client on and leaves its
// connection open, which is no cancellation there (2026-07-28, Cancellation, "Transport-Specific
// Cancellation"): the notification says of no session whose request it means.
func TestAnAbortThroughABridgeStopsABatch(t *testing.T) {
	needClients(t)
	d, metrics := slowDemo(t, time.Second)
	bridge := exec.CommandContext(t.Context(), node, "node_modules/.bin/mcp-remote", d.url+"/mcp", "--transport", "http-only")
	bridge.Env = append(os.Environ(), "MCP_REMOTE_CONFIG_DIR="+t.TempDir())
	bridge.Stderr = t.Output()
	client := mcp.NewClient(&mcp.Implementation{Name: "stdio-client", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: bridge}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	ctx, abort := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "create_contacts_batch", Arguments: json.RawMessage(someContacts())})
		ended <- err
	}()
	testkit.Eventually(t, "the second part", func() bool { return d.parts(t) >= 2 })
	before := d.parts(t)
	abort()
	if err := <-ended; err == nil {
		t.Error("the call was answered")
	}
	wantStopped(t, d, metrics, before)
}

func someContacts() string {
	list := make([]string, manyContacts)
	for i := range list {
		list[i] = fmt.Sprintf(`{"name":"Contact %d"}`, i)
	}
	return `{"contacts":[` + strings.Join(list, ",") + `]}`
}

// The Inspector gives a call up when its time is over.
func TestAnAbortOfTheInspectorStopsABatch(t *testing.T) {
	needClients(t)
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			d, metrics := slowDemo(t, 5*time.Second) // progress gives it more time
			config := filepath.Join(t.TempDir(), "servers.json")
			servers := fmt.Sprintf(`{"mcpServers":{"gateway":{"type":"streamable-http","url":%q,"requestTimeout":3500}}}`, d.url+"/mcp")
			if err := os.WriteFile(config, []byte(servers), 0o600); err != nil {
				t.Fatal(err)
			}
			var argument struct{ Contacts json.RawMessage }
			if err := json.Unmarshal([]byte(someContacts()), &argument); err != nil {
				t.Fatal(err)
			}
			out, err := runClient(t, clientTime, "mcp-inspector", "--cli", "--config", config, "--server", "gateway", "--protocol-era", era,
				"--method", "tools/call", "--tool-name", "create_contacts_batch", "--tool-arg", "contacts="+string(argument.Contacts))
			before := d.parts(t)
			if err == nil || before == 0 {
				t.Fatalf("the Inspector did not give up: %d parts, %s", before, out)
			}
			wantStopped(t, d, metrics, before)
		})
	}
}

// Each run of the Inspector is a process of its own, whose ids begin alike.
func TestTheInspectorSendsTheSameTextThreeTimes(t *testing.T) {
	needClients(t)
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			d := startDemo(t)
			for range 3 {
				if out, err := runClient(t, clientTime, "mcp-inspector", "--cli", d.url+"/mcp", "--protocol-era", era, "--method", "tools/call",
					"--tool-name", "send_message", "--tool-arg", "sender=+15551234567", "--tool-arg", `recipients=["+15559876543"]`,
					"--tool-arg", "body=On purpose"); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			if sent := sentMessages(t, d); len(sent) != 3 {
				t.Errorf("%d messages were sent, want 3", len(sent))
			}
		})
	}
}

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

const clientTime = 5 * time.Minute

func TestTheInspectorDeliversAMessageInBothEras(t *testing.T) {
	needClients(t)
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			d := startDemo(t)
			inspect := func(args ...string) map[string]any {
				out, err := runClient(t, clientTime, "mcp-inspector",
					append([]string{"--cli", d.url + "/mcp", "--protocol-era", era}, args...)...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				var answer map[string]any
				if err := json.Unmarshal([]byte(out), &answer); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return answer
			}

			if tools, _ := inspect("--method", "tools/list")["tools"].([]any); len(tools) != 7 {
				t.Errorf("%d tools, want 7", len(tools))
			}
			text := "Sent by the Inspector, " + era
			inspect("--method", "tools/call", "--tool-name", "send_message", "--tool-arg", "sender=+15551234567",
				"--tool-arg", `recipients=["+15559876543"]`, "--tool-arg", "body="+text)

			if sent := sentMessages(t, d); len(sent) != 1 || sent[0] != text {
				t.Errorf("the sandbox has %q, want one message %q", sent, text)
			}
		})
	}
}

// sentMessages are the texts that were committed.
func sentMessages(t *testing.T, d demo) []string {
	t.Helper()
	resp, err := http.Get(d.sandbox + "/_sandbox/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Messages []struct{ Body string } }
	if err := json.Unmarshal(data, &body); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	var texts []string
	for _, m := range body.Messages {
		texts = append(texts, m.Body)
	}
	return texts
}

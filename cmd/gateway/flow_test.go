package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// eras are the two ways in which the SDK's client speaks to the same URL.
var eras = map[string]string{"legacy": "2025-11-25", "modern": ""}

// inEachEra runs a conversation in both.
func inEachEra(t *testing.T, f func(t *testing.T, version string)) {
	t.Helper()
	for name, version := range eras {
		t.Run(name, func(t *testing.T) { f(t, version) })
	}
}

func connect(t *testing.T, url, version string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "flow-test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url, DisableStandaloneSSE: true},
		&mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// call calls a tool that has to succeed and returns its structured content.
func call(t *testing.T, s *mcp.ClientSession, tool string, args map[string]any) map[string]any {
	t.Helper()
	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text := textOf(t, result)
	if result.IsError {
		t.Fatalf("%s: %s", tool, text)
	}
	var structured, fromText map[string]any
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &structured); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &fromText); err != nil {
		t.Fatalf("%s: the text is not the result as JSON: %v", tool, err)
	}
	if diff := cmp.Diff(structured, fromText); diff != "" {
		t.Errorf("%s: text and structured content differ:\n%s", tool, diff)
	}
	return structured
}

func textOf(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	if len(result.Content) != 1 {
		t.Fatalf("%d content blocks", len(result.Content))
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("content is %T", result.Content[0])
	}
	return text.Text
}

const (
	sender = "+15551234567"
	inbox  = "5d0e8d03-d09f-47e5-8017-4d00cbf737f4"
)

func TestTheThreeExamplesOfTheVendorsPage(t *testing.T) {
	inEachEra(t, func(t *testing.T, version string) {
		demo := startDemo(t)
		s := connect(t, demo.url+"/mcp", version)

		const text = "Your appointment is confirmed for tomorrow at 2pm"
		call(t, s, "send_message", map[string]any{"sender": sender, "recipients": []string{"+15559876543"}, "body": text})
		sent := demo.sandboxMessages(t)
		if len(sent) != 1 || sent[0].Body != text || sent[0].Sender != sender || !strings.Contains(strings.Join(sent[0].Members, " "), "+15559876543") {
			t.Fatalf("the sandbox has %+v", sent)
		}

		found := call(t, s, "get_messages", map[string]any{"inbox_ids": []string{inbox}, "limit": 10})
		conversations, _ := found["conversations"].([]any)
		if len(conversations) == 0 {
			t.Fatalf("no conversations: %v", found)
		}
		latest, _ := conversations[0].(map[string]any)
		messages, _ := latest["messages"].([]any)
		if len(messages) == 0 || len(messages) > 10 {
			t.Fatalf("%d messages, want 1 to 10", len(messages))
		}
		if newest, _ := messages[0].(map[string]any); newest["body"] != text {
			t.Errorf("the newest message is %v", messages[0])
		}

		contact := call(t, s, "create_contact", map[string]any{"name": "Jane Smith", "phone": sender, "email": "jane@example.com"})
		if contact["name"] != "Jane Smith" || contact["phone"] != sender || contact["email"] != "jane@example.com" || contact["id"] == "" {
			t.Errorf("the contact is %v", contact)
		}
	})
}

func TestAllSevenTools(t *testing.T) {
	inEachEra(t, func(t *testing.T, version string) {
		demo := startDemo(t)
		s := connect(t, demo.url, version) // the root is the same endpoint

		list, err := s.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range list.Tools {
			names = append(names, tool.Name)
		}
		want := []string{
			"create_campaign", "create_contact", "create_contacts_batch", "delete_contact", "get_messages", "send_message", "update_contact",
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Fatalf("tools:\n%s", diff)
		}

		call(t, s, "send_message", map[string]any{
			"sender": "+1 (555) 123-4567", "recipients": []string{"+1 555 987 6543"}, "body": "Hi",
			"media_urls": []string{"https://example.com/a.jpg"}, "sent_by_name": "Ann",
		})
		if sent := demo.sandboxMessages(t); len(sent) != 1 || sent[0].Sender != sender {
			t.Fatalf("the number was not sent in its normal form: %+v", sent)
		}
		call(t, s, "get_messages", nil)
		contact := call(t, s, "create_contact", map[string]any{"name": "Jane", "data": map[string]any{"tier": "gold"}})
		id, _ := contact["id"].(string)
		updated := call(t, s, "update_contact", map[string]any{"contact_id": id, "email": "jane@example.com", "public": true})
		if updated["name"] != "Jane" || updated["email"] != "jane@example.com" {
			t.Errorf("after the update: %v", updated)
		}
		batch := call(t, s, "create_contacts_batch", map[string]any{"contacts": []any{
			map[string]any{"name": "A"}, map[string]any{"phone": "+15550001111"},
		}})
		if ids, _ := batch["ids"].([]any); len(ids) != 2 {
			t.Errorf("batch: %v", batch)
		}
		call(t, s, "delete_contact", map[string]any{"contact_id": id})
		again, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "delete_contact", Arguments: map[string]any{"contact_id": id}})
		if err != nil || !again.IsError {
			t.Errorf("deleting twice: %v %v", again, err)
		}
		call(t, s, "create_campaign", map[string]any{
			"sender": sender, "list_name": "PremiumTierSubscribers", "body": "Sale", "name": "October", "provider": "twilio",
		})
		if sent := demo.sandboxMessages(t); len(sent) < 2 {
			t.Errorf("the campaign sent nothing: %+v", sent)
		}
	})
}

func TestAModelIsToldWhatToChange(t *testing.T) {
	demo := startDemo(t)
	s := connect(t, demo.url+"/mcp", "")
	for _, tt := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"send_message", map[string]any{"recipients": []string{"+15559876543"}, "body": "x"}, "sender"},
		{"send_message", map[string]any{"sender": 15551234567, "recipients": []string{"+15559876543"}, "body": "x"}, "string"},
		{"send_message", map[string]any{"sender": "+15550000001", "recipients": []string{"+15559876543"}, "body": "x"}, "sender"},
		{"create_campaign", map[string]any{"sender": sender, "list_name": "Nobody", "body": "x"}, "list"},
		{"update_contact", map[string]any{"contact_id": "1"}, "at least one"},
	} {
		result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tt.tool, Arguments: tt.args})
		if err != nil {
			t.Errorf("%s %v: %v", tt.tool, tt.args, err)
			continue
		}
		if text := textOf(t, result); !result.IsError || !strings.Contains(text, tt.want) {
			t.Errorf("%s %v: error=%v %q does not say %q", tt.tool, tt.args, result.IsError, text, tt.want)
		}
	}
	if sent := demo.sandboxMessages(t); len(sent) != 0 {
		t.Errorf("something was sent: %+v", sent)
	}
}

// gate stands between a gateway and its sandbox, and keeps what concerns messages until the test
// opens it.
type gate struct {
	gateway, demo *process
	arrived       chan struct{} // as many as came
	open          func()
}

func startBehindGate(t *testing.T) *gate {
	t.Helper()
	opened := make(chan struct{})
	g := &gate{demo: startDemo(t), arrived: make(chan struct{}, 10), open: sync.OnceFunc(func() { close(opened) })}
	to, err := url.Parse(g.demo.ready["sandbox"])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/messages") {
			g.arrived <- struct{}{}
			select {
			case <-opened:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.open)
	g.gateway = start(t, "serve", "--auth", "none", "--listen", "127.0.0.1:0", "--secret", rand.Text()+rand.Text(),
		"--clerk-url", server.URL, "--clerk-api-key", "sandbox-key", "--clerk-timeout", "10m", "--call-budget", "20m")
	return g
}

// abandon calls a tool and goes away once the call is at the gate.
func (g *gate) abandon(t *testing.T, version, tool string, arguments map[string]any) {
	t.Helper()
	s := connect(t, g.gateway.url+"/mcp", version)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
		failed <- err
	}()
	select {
	case <-g.arrived:
	case err := <-failed:
		t.Fatalf("the call ended before it came to the sandbox: %v", err)
	}
	cancel()
	if err := <-failed; err == nil {
		t.Fatal("the call was not cut")
	}
}

// A write that was handed over is finished although its client went away, also when the process is
// told to stop.
func TestAWriteUnderWayIsFinished(t *testing.T) {
	inEachEra(t, func(t *testing.T, version string) {
		g := startBehindGate(t)
		g.abandon(t, version, "send_message", map[string]any{
			"sender": sender, "recipients": []string{"+15559876543"}, "body": "still sent",
		})
		g.open()
		testkit.Eventually(t, "the message is committed", func() bool { return len(g.demo.sandboxMessages(t)) == 1 })
		if code := g.gateway.stop(t); code != exitOK {
			t.Errorf("exit code %d", code)
		}
		if !strings.Contains(g.gateway.stderr.String(), "tool=send_message outcome=ok") {
			t.Error("the finished write is not in the log")
		}
	})
}

// A read ends when its client goes away: nobody waits for the answer.
func TestAReadEndsWithItsClient(t *testing.T) {
	inEachEra(t, func(t *testing.T, version string) {
		g := startBehindGate(t) // it stays shut
		g.abandon(t, version, "get_messages", nil)
		testkit.Eventually(t, "the read ends", func() bool {
			return strings.Contains(g.gateway.stderr.String(), "tool=get_messages outcome=canceled")
		})
	})
}

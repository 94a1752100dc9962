//go:build unix

package survival_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// batched is what create_contacts_batch answers.
type batched struct {
	Created      int
	Unknown      int
	NotAttempted int `json:"not_attempted"`
	Problems     []struct {
		Result      string
		First, Last int
	}
	IDs []string
}

// result is what is said of one contact.
func (b *batched) result(i int) string {
	for _, p := range b.Problems {
		if p.First <= i && i <= p.Last {
			return p.Result
		}
	}
	return "created"
}

func TestBatchIsCreatedOnceThoughItsReplicaIsKilled(t *testing.T) {
	const many, part, enough = 10_000, 100, 3_000
	redis := redistest.Start(t)
	sandbox := newSandbox(t)
	env := []string{"CLERK_API_URL=" + sandbox, "GATEWAY_REDIS_URL=" + redis.URL(), "GATEWAY_MAX_CONTACTS=" + strconv.Itoa(many)}
	first, second := newReplica(t, "first", env...), newReplica(t, "second", env...)

	contacts := make([]any, many)
	for i := range contacts {
		contacts[i] = map[string]any{"name": fmt.Sprintf("contact %d", i)}
	}
	call := func(r *replica, progress func(done float64)) (*mcp.CallToolResult, error) {
		client := mcp.NewClient(&mcp.Implementation{Name: "batch", Version: "1"}, &mcp.ClientOptions{
			ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) { progress(req.Params.Progress) },
		})
		session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
			Endpoint: r.url() + "/mcp", DisableStandaloneSSE: true, MaxRetries: -1,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = session.Close() }()
		params := &mcp.CallToolParams{Name: "create_contacts_batch", Arguments: map[string]any{
			"contacts": contacts, "idempotency_key": "ten thousand",
		}}
		params.SetProgressToken("p")
		return session.CallTool(t.Context(), params)
	}

	// It dies when a part is created and its answer is under way.
	var once sync.Once
	die := func() {
		control(t, http.MethodPut, sandbox+"/_sandbox/faults",
			`{"operation":"createContacts","kind":"delay","ms":60000,"after_commit":true}`)
		for control(t, http.MethodGet, sandbox+"/_sandbox/faults", "") != `{"faults":[]}` {
			runtime.Gosched()
		}
		first.kill()
	}
	if result, err := call(first, func(done float64) {
		if done >= enough {
			once.Do(die)
		}
	}); err == nil {
		t.Fatalf("a call whose replica was killed was answered: %.300s", text(result))
	}
	answers := make([]batched, 2)
	for i := range answers {
		result, err := call(second, func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		structured, err := json.Marshal(result.StructuredContent)
		if err != nil || json.Unmarshal(structured, &answers[i]) != nil || answers[i].Created+answers[i].Unknown+answers[i].NotAttempted != many {
			t.Fatalf("%v: %.300s", err, text(result))
		}
	}

	ids := map[string]string{} // by name
	for _, c := range listContacts(t, sandbox) {
		if _, twice := ids[c.Name]; twice {
			t.Errorf("%s is there twice", c.Name)
		}
		ids[c.Name] = c.ID
	}
	for _, answer := range answers {
		if answer.NotAttempted != 0 || answer.Created != many-part || answer.Unknown != part {
			t.Errorf("%d created, %d unknown, %d not attempted", answer.Created, answer.Unknown, answer.NotAttempted)
		}
		for i := range many {
			id, there := ids[fmt.Sprintf("contact %d", i)]
			shown := id // but for the first ones ids are left out
			if i < len(answer.IDs) {
				shown = answer.IDs[i]
			}
			if r := answer.result(i); r == "created" && (!there || shown != id) || r != "created" && r != "unknown" {
				t.Errorf("contact %d is said to be %s as %q; it is there: %v, as %q", i, r, shown, there, id)
			}
		}
	}
	if len(ids) != many {
		t.Errorf("%d contacts are there", len(ids))
	}
}

// control asks something of the sandbox.
func control(t *testing.T, method, url, body string) string {
	t.Helper()
	req := rpctest.Post(url, body)
	req.Method = method
	a, err := req.Send(t.Context(), http.DefaultClient)
	if err != nil || a.Status >= http.StatusBadRequest {
		t.Errorf("%d %v: %s", a.Status, err, a.Body)
	}
	return strings.TrimSpace(a.Body)
}

func text(r *mcp.CallToolResult) string {
	if len(r.Content) == 0 {
		return ""
	}
	content, _ := r.Content[0].(*mcp.TextContent)
	return content.Text
}

type listed struct{ ID, Name string }

// listContacts are the contacts of the sandbox's team that a test has made.
func listContacts(t *testing.T, sandbox string) []listed {
	t.Helper()
	a := rpctest.Request{
		Method: http.MethodGet, URL: sandbox + "/public/contacts?search=contact", Header: []string{"apiKey", "sandbox-key"},
	}.Do(t)
	var answer struct{ Data []listed }
	if a.Into(t, &answer); a.Status != http.StatusOK {
		t.Fatal(a.Status)
	}
	return answer.Data
}

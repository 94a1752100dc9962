package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// What definitions and results take of a model's context, in o200k tokens: the table in
// docs/tokens.md. A row that is more than a tenth longer than it says fails, and so does one that
// is above its goal.

const tokenTable = "../docs/tokens.md"

// tokenGoals are what must not be exceeded, whatever the table says.
var tokenGoals = map[string]int{
	"tools/list of the seven":             2_300,
	"50 short messages, integer ids":      4_000,
	"50 short messages, UUIDs":            4_000,
	"500 contacts created, integer ids":   15_000,
	"500 contacts created, UUIDs":         15_000,
	"50 messages of 4,096 letters, UUIDs": 12_000,
}

// fakeAPI answers as REST does, with ids of one kind.
type fakeAPI struct {
	id   func(n int) string // as JSON
	body string
	one  bool // a single conversation
}

func integerID(n int) string { return strconv.Itoa(104_200 + n) }

func uuid(n int) string {
	h := fmt.Sprintf("%08x", uint32(n+1)*2_654_435_761)
	return fmt.Sprintf(`"%s-%s-4%s-a%s-%s%s"`, h, h[2:6], h[1:4], h[5:8], h, h[3:7])
}

func (a fakeAPI) message(n int) string {
	conversation := n % 10
	if a.one {
		conversation = 0
	}
	ours, theirs := "+15551234567", fmt.Sprintf("+1415555%04d", 100+conversation)
	sender, member := ours, theirs
	if n%2 == 1 {
		sender, member = theirs, ours
	}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Add(-time.Duration(n) * 7 * time.Minute)
	body := a.body
	if body == "" {
		body = fmt.Sprintf("Hi, is the appointment at %d:30 still fine?", 1+n%12)
	}
	return fmt.Sprintf(`{"id":%s,"conversationId":%s,"inboxId":%s,"inbound":%v,"sender":%q,"members":[%q],"senderType":"user",`+
		`"status":"delivered","error":null,"sentByName":"","seen":true,"segments":1,"body":%q,"timestamp":%[9]q,"created":%[9]q,"updated":%[9]q}`,
		a.id(n), a.id(9000+conversation), a.id(8000), n%2 == 1, sender, member, body, "", at.Format(time.RFC3339))
}

func (a fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	status := http.StatusCreated
	var answer string
	list := func(n int, each func(int) string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = each(i)
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	contact := func(n int) string {
		return fmt.Sprintf(`{"id":%s,"name":"Jane Smith","phone":"+14155550101","public":true,"optOut":false,"created":"2026-11-23T10:00:00Z"}`, a.id(n))
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /public/messages":
		status, answer = http.StatusOK, fmt.Sprintf(`{"data":%s,"total":120}`, list(50, a.message))
	case "POST /public/messages":
		answer = `{"data":` + a.message(0) + `}`
	case "POST /public/contacts":
		answer = `{"data":` + contact(0) + `}`
	case "POST /public/contacts/batch":
		var body struct{ Contacts []any }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return nil, err
		}
		answer = `{"data":` + list(len(body.Contacts), contact) + `}`
	default:
		status, answer = http.StatusBadRequest, `{"message":"The list is empty"}`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)),
		ContentLength: int64(len(answer)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

type oneKey struct{}

func (oneKey) Credential(context.Context, string) (clerkapi.Credential, error) {
	return clerkapi.APIKey("k"), nil
}

// remembers has tools take idempotency keys, and remembers nothing.
type remembers struct{}

func (remembers) Begin(mcpadapter.Operation) mcpadapter.Execution { return &attempted{} }

// attempted is attempted once.
type attempted struct{ verdict *mcpadapter.Verdict }

func (a *attempted) Next(context.Context) bool    { return a.verdict == nil }
func (a *attempted) Commit(context.Context) error { return nil }
func (a *attempted) Verdict() mcpadapter.Verdict  { return *a.verdict }
func (a *attempted) End()                         {}
func (a *attempted) Finish(_ context.Context, made mcpadapter.Attempted) {
	a.verdict = &mcpadapter.Verdict{State: mcpadapter.Executed, Result: made.Result}
}

type measured struct{ name, text string }

func measure(t *testing.T) []measured {
	t.Helper()
	toolsOf := func(a fakeAPI) *mcpadapter.Tools {
		client, err := clerkapi.NewClient(clerkapi.Options{Transport: a, MaxAttempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		tools, err := mcpadapter.New(mcpadapter.Options{Client: client, Credentials: oneKey{}, Idempotency: remembers{}, MaxRecipients: 10})
		if err != nil {
			t.Fatal(err)
		}
		return tools
	}
	result := func(a fakeAPI, tool, arguments string) string {
		return toolsOf(a).Call(t.Context(), mcpadapter.Call{Tool: tool, Arguments: json.RawMessage(arguments)}).Result.Text
	}
	var rows []measured
	// What a model sees of a tool: not its output schema.
	var list []any
	tools := toolsOf(fakeAPI{id: integerID})
	for _, d := range tools.Definitions() {
		seen := map[string]any{"name": d.Name, "description": d.Description, "input_schema": d.InputSchema}
		list = append(list, seen)
		rows = append(rows, measured{"definition of " + d.Name, asText(t, seen)})
	}
	rows = append(rows, measured{"tools/list of the seven", asText(t, list)}, measured{"instructions", tools.Instructions()})
	contacts := `{"contacts":[` + strings.TrimSuffix(strings.Repeat(`{"name":"Jane"},`, 500), ",") + `]}`
	for _, kind := range []struct {
		name string
		id   func(int) string
	}{{"integer ids", integerID}, {"UUIDs", uuid}} {
		a := fakeAPI{id: kind.id}
		long, one := a, a
		long.body, one.one = strings.Repeat("letters ", 512), true
		const text = `{"sender":"+15551234567","recipients":["+14155550100"],"body":"Hi"}`
		rows = append(rows,
			measured{"a message sent, " + kind.name, result(a, "send_message", text)},
			measured{"50 short messages, " + kind.name, result(a, "get_messages", `{}`)},
			measured{"50 short messages of one conversation, " + kind.name, result(one, "get_messages", `{}`)},
			measured{"50 messages of 4,096 letters, " + kind.name, result(long, "get_messages", `{}`)},
			measured{"a contact created, " + kind.name, result(a, "create_contact", `{"name":"Jane Smith"}`)},
			measured{"500 contacts created, " + kind.name, result(a, "create_contacts_batch", contacts)},
		)
	}
	return append(rows,
		measured{"a refusal of all arguments", result(fakeAPI{id: integerID}, "send_message", `{}`)},
		measured{"a refusal of the API", result(fakeAPI{id: integerID}, "create_campaign", `{"sender":"72345","list_name":"L","body":"Hi"}`)},
	)
}

func asText(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func countTokens(t *testing.T, rows []measured) []int {
	t.Helper()
	for _, path := range []string{node, "node_modules/js-tiktoken"} {
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing; run: npm ci --prefix e2e", path)
			}
			t.Skipf("%s is missing; run: npm ci --prefix e2e", path)
		}
	}
	var texts []string
	for _, row := range rows {
		texts = append(texts, row.text)
	}
	cmd := exec.CommandContext(t.Context(), node, "tokens.cjs")
	cmd.Stdin, cmd.Stderr = strings.NewReader(asText(t, texts)), os.Stderr
	out, err := cmd.Output()
	var counts []int
	if err != nil || json.Unmarshal(out, &counts) != nil || len(counts) != len(rows) {
		t.Fatalf("%v: %s", err, out)
	}
	return counts
}

func TestTokensAreThoseOfTheTable(t *testing.T) {
	table, err := os.ReadFile(tokenTable)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([0-9]+) \|$`).FindAllStringSubmatch(string(table), -1) {
		said[m[1]], _ = strconv.Atoi(m[2])
	}
	rows := measure(t)
	counts := countTokens(t, rows)
	var now strings.Builder
	wrong := len(said) != len(rows)
	for i, row := range rows {
		fmt.Fprintf(&now, "| %s | %d |\n", row.name, counts[i])
		if n := said[row.name]; counts[i]*10 > n*11 || counts[i]*10 < n*9 {
			t.Errorf("%s: %d tokens, and the table says %d", row.name, counts[i], n)
			wrong = true
		}
		if goal := tokenGoals[row.name]; goal > 0 && counts[i] > goal {
			t.Errorf("%s: %d tokens, and %d is the most", row.name, counts[i], goal)
		}
	}
	if wrong {
		t.Errorf("if that is meant, %s should have these rows:\n%s", tokenTable, &now)
	}
}

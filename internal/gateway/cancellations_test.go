package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// legacySession begins one at a replica.
func legacySession(t *testing.T, base string) string {
	t.Helper()
	a := request(t, http.MethodPost, base+"/mcp", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",`+
		`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`, "Content-Type", "application/json", "Accept", "application/json, text/event-stream")
	id := a.header.Get("Mcp-Session-Id")
	if id == "" {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	return id
}

// inSession posts a message with a session.
func inSession(t *testing.T, base, session, body string) answer {
	t.Helper()
	return request(t, http.MethodPost, base+"/mcp", body, "Content-Type", "application/json", "Accept", "application/json, text/event-stream",
		"Mcp-Session-Id", session)
}

func keysLike(s *redistest.Server, pattern string) []any {
	keys, _ := s.Do("KEYS", pattern).([]any)
	return keys
}

// contactsCall is the call of a batch, under an id.
func contactsCall(id, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"name":"Contact %d"}`, i)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"create_contacts_batch","arguments":{"contacts":[%s]}}}`,
		id, strings.Join(list, ","))
}

// batchOutcome is what became of a batch.
type batchOutcome struct {
	Result struct {
		StructuredContent struct {
			Created      int
			NotAttempted int `json:"not_attempted"`
			Problems     []struct{ Reason string }
		}
		Content []struct{ Text string }
		IsError bool
	}
}

// A batch stops after the part under way and at most the next, on whichever replica its
// cancellation comes, and says what was done. All clients have one id, and none touches another's.
func TestABatchIsCanceledOnEveryReplica(t *testing.T) {
	t.Parallel()
	const parts, size = 15, 100
	for name, tt := range map[string]struct {
		at   int // where the notification comes
		edit func(*redistest.Server)
	}{
		"on its own replica":           {at: 0},
		"on another":                   {at: 1},
		"on another, with no channels": {at: 1, edit: func(s *redistest.Server) { s.Do("ACL", "SETUSER", "default", "resetchannels") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown *recorder
			p := newPair(t, func(c *config.Config) {
				through(t, &shown)(c)
				c.ExchangeAudience, c.MaxContacts, c.BatchSize = "", parts*size, size
			})
			if tt.edit != nil {
				tt.edit(p.redis)
			}
			mine, other := legacySession(t, p.replicas[0]), legacySession(t, p.replicas[0])
			var posts atomic.Int32
			arrived, release := make(chan struct{}, 2*parts), make(chan struct{})
			shown.holding(func(r *http.Request) {
				if r.Method == http.MethodPost && r.URL.Path == "/public/contacts/batch" {
					posts.Add(1)
					arrived <- struct{}{}
					<-release
				}
			})
			answers := map[string]chan answer{mine: make(chan answer, 1), other: make(chan answer, 1)}
			for session, answered := range answers {
				go func() { answered <- inSession(t, p.replicas[0], session, contactsCall(1, parts*size)) }()
			}
			<-arrived
			<-arrived
			told := inSession(t, p.replicas[tt.at], mine, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
			if told.status != http.StatusAccepted {
				t.Errorf("the notification: %d %s", told.status, told.body)
			}
			close(release)
			var stopped, whole batchOutcome
			decode(t, (<-answers[mine]).body, &stopped)
			decode(t, (<-answers[other]).body, &whole)
			got := stopped.Result.StructuredContent
			if got.Created < size || got.Created > 2*size || got.Created+got.NotAttempted != parts*size || !stopped.Result.IsError ||
				len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Reason, "canceled") {
				t.Errorf("created %d, not attempted %d: %.300s", got.Created, got.NotAttempted, stopped.Result.Content[0].Text)
			}
			if n := whole.Result.StructuredContent.Created; n != parts*size {
				t.Errorf("the other batch: created %d", n)
			}
			if n := posts.Load(); n != int32((got.Created+parts*size)/size) {
				t.Errorf("%d parts were posted", n)
			}
		})
	}
}

// A message that waits behind an equal one is not sent once its call is canceled.
func TestAMessageInTheQueueIsCanceled(t *testing.T) {
	t.Parallel()
	var shown *recorder
	p := newPair(t, func(c *config.Config) { through(t, &shown)(c); c.ExchangeAudience = "" })
	arrived, release := make(chan struct{}, 2), make(chan struct{})
	shown.holding(func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/public/messages" {
			arrived <- struct{}{}
			<-release
		}
	})
	arguments, err := json.Marshal(textTo("+15559876543"))
	if err != nil {
		t.Fatal(err)
	}
	send := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_message","arguments":%s}}`, arguments)
	first, second := legacySession(t, p.replicas[0]), legacySession(t, p.replicas[1])
	answers := [2]chan answer{make(chan answer, 1), make(chan answer, 1)}
	go func() { answers[0] <- inSession(t, p.replicas[0], first, send) }()
	<-arrived
	go func() { answers[1] <- inSession(t, p.replicas[1], second, send) }()
	testkit.Eventually(t, "the second waits", func() bool { return len(keysLike(p.redis, "gw:w:*")) == 2 })
	inSession(t, p.replicas[0], second, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	canceled := <-answers[1]
	close(release)
	if !strings.Contains(canceled.body, "The call was canceled. Nothing was sent.") {
		t.Errorf("answered %s", canceled.body)
	}
	if sent := <-answers[0]; strings.Contains(sent.body, `"isError":true`) {
		t.Errorf("answered %s", sent.body)
	}
	p.sent(t, 1)
	if left := keysLike(p.redis, "gw:z:*"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

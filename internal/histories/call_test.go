package histories_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// transmission is a call as a client hands it over: the same bytes, however often they are
// transmitted.
type transmission struct {
	body    string
	headers []string // in pairs
	subject string
	from    string // the address it comes from
}

// call is one transmission that reached a replica, and what came of it.
type call struct {
	number int
	intent *intent
	begun  time.Time
	on     *process
	last   bool // it asks again in the end

	mu       sync.Mutex
	returned time.Time // when the replica was done with it, whoever listened
	posted   time.Time // when it first asked the API to make something
	left     bool      // the client went away
	answer
}

// answer is what a client is told.
type answer struct {
	cut     bool   // nothing: the connection broke, or the client went away
	path    string // what became of it, in one word
	isError bool
	text    string
	id      string // of what was made
	parts   []part // of a batch
	broken  string // what is wrong with the answer itself
}

// part is what is told of one contact of a batch.
type part struct{ result, id string }

func (c *call) name() string { return fmt.Sprintf("call %d", c.number) }

func (c *call) change(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
}

// endless is longer than any call may take.
const endless = 3 * time.Minute

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// transmit hands a call to a process and waits until it is answered, the process dies, or patience
// ends, which is when the client goes away.
func (w *world) transmit(p *process, c *call, t transmission, patience time.Duration) {
	c.begun, c.on = time.Now(), p
	w.note("%s of intent %d (%s) goes to %s", c.name(), c.intent.number, c.intent.kind, p.name)
	ctx, leave := context.WithCancel(context.WithValue(withProcess(context.Background(), p), callKey{}, c))
	defer leave()
	ctx = request.With(ctx, &request.Request{Caller: identity.Caller{Subject: t.subject}})
	r := rpctest.Post("/mcp", t.body, t.headers...).Incoming(ctx)
	r.RemoteAddr = t.from
	answered := make(chan *httptest.ResponseRecorder, 1)
	p.enter()
	go func() {
		defer p.leave()
		rec := httptest.NewRecorder()
		if !p.isDead() {
			w.shell.ServeHTTP(rec, r)
		}
		c.change(func() { c.returned = time.Now() })
		answered <- rec
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	a, left := answer{cut: true}, false
	select {
	case rec := <-answered:
		if !p.isDead() {
			a = read(c.intent, rec)
		}
	case <-p.dead:
	case <-timer.C:
		left = patience < endless
	}
	c.change(func() { c.answer, c.left = a, left })
	w.note("%s: %s", c.name(), a)
}

func (a answer) String() string {
	switch {
	case a.broken != "":
		return "broken answer: " + a.broken
	case a.cut:
		return "no answer"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %v", a.path, a.id, a.parts)) + " " + a.text
}

var paths = []string{"executed", "replayed", "reconciled", "not_found_yet", "indeterminate", "in_progress", "not_executed"}

// read takes an answer in, as a client would.
func read(i *intent, rec *httptest.ResponseRecorder) (a answer) {
	var reply struct {
		Error  json.RawMessage
		Result struct {
			Content           []struct{ Text string }
			StructuredContent json.RawMessage
			IsError           bool
			Meta              map[string]any `json:"_meta"`
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &reply); err != nil || rec.Code != http.StatusOK || reply.Error != nil {
		return answer{broken: fmt.Sprintf("%d %s", rec.Code, rec.Body)}
	}
	a.isError = reply.Result.IsError
	a.path, _ = reply.Result.Meta["chat.clerk/disposition"].(string)
	if len(reply.Result.Content) > 0 && a.isError {
		a.text = reply.Result.Content[0].Text
	}
	if !slices.Contains(paths, a.path) {
		a.broken = fmt.Sprintf("the outcome is %q: %s", a.path, rec.Body)
		return a
	}
	if err := a.readMade(i.kind, reply.Result.StructuredContent); err != nil {
		a.broken = err.Error() + ": " + rec.Body.String()
	}
	return a
}

// readMade takes in what the answer says was made.
func (a *answer) readMade(k kind, structured json.RawMessage) error {
	// A message says when it was created, a batch how many contacts were.
	var named struct{ ID string }
	var made struct {
		IDs      []string
		Problems []struct {
			Result      string
			First, Last int
		}
		Created, Failed, Unknown int
		NotAttempted             int `json:"not_attempted"`
	}
	if len(structured) > 0 {
		err := json.Unmarshal(structured, &named)
		if k == aBatch {
			err = json.Unmarshal(structured, &made)
		}
		if err != nil {
			return err
		}
	}
	a.id = named.ID
	for i := range made.Created + made.Failed + made.Unknown + made.NotAttempted {
		p := part{"created", ""}
		if i < len(made.IDs) {
			p.id = made.IDs[i]
		}
		a.parts = append(a.parts, p)
	}
	for _, problem := range made.Problems {
		for i := problem.First; i <= problem.Last; i++ {
			a.parts[i].result = problem.Result
		}
	}
	switch {
	case a.isError:
		return nil
	case k == aBatch && len(a.parts) == 0, k != aBatch && a.id == "":
		return errors.New("a success names nothing that was made")
	case !slices.Contains([]string{"executed", "replayed", "reconciled"}, a.path):
		return errors.New("a success cannot have this outcome")
	}
	return nil
}

package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// memory is a Once that answers as it is told and keeps the works it was given.
type memory struct {
	do    scripted
	works []Operation
}

func (m *memory) Begin(w Operation) Execution {
	m.works = append(m.works, w)
	return m.do.Begin(w)
}

// attempted makes the attempt, as for a key that is new.
func attempted(ctx context.Context, w task) Verdict {
	made := w.Attempt(ctx, func(context.Context) error { return nil })
	return Verdict{State: Executed, Result: made.Result}
}

func remembering(do func(context.Context, task) Verdict) (*memory, func(*Options)) {
	m := &memory{do: do}
	return m, func(o *Options) { o.Idempotency = m }
}

func creatingCalls() []Call {
	var calls []Call
	for _, c := range goodCalls() {
		if c.Tool == "send_message" || strings.HasPrefix(c.Tool, "create_") {
			calls = append(calls, c)
		}
	}
	return calls
}

func TestWhatCreatesSomethingGoesThroughOnceAndNothingElseDoes(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	for _, c := range goodCalls() {
		if r := tools.Call(t.Context(), c); r.Result.IsError {
			t.Errorf("%s: %s", c.Tool, r.Result.Text)
		}
	}
	var through []string
	for _, w := range m.works {
		through = append(through, w.Tool)
	}
	if got, want := strings.Join(through, " "), "send_message create_contact create_contacts_batch create_campaign"; got != want {
		t.Errorf("through once went %s; want %s", got, want)
	}
}

func TestNothingIsSentUnlessTheAttemptMayBeCommitted(t *testing.T) {
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		made := w.Attempt(ctx, func(context.Context) error { return errors.New("taken over") })
		if made.Outcome != clerkapi.NotDone {
			t.Errorf("%s: outcome %v; want not done", w.Tool, made.Outcome)
		}
		return Verdict{State: StoreDown}
	})
	tools, api := newTools(t, answersOf(t), remember)
	for _, c := range creatingCalls() {
		r := tools.Call(t.Context(), c)
		if !r.Result.IsError || !r.Result.NoEffect || r.Facts.Outcome != OutcomeUnavailable || r.Facts.Disposition != DispositionNotExecuted {
			t.Errorf("%s: %+v", c.Tool, r)
		}
	}
	if n := len(api.sent()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestAWriteIsUnderWayFromItsCommitUntilOnceIsDone(t *testing.T) {
	var tools *Tools
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		if n := tools.Writing(); n != 0 {
			t.Errorf("%d writes before the commit", n)
		}
		f := attempted(ctx, w)
		if n := tools.Writing(); n != 1 {
			t.Errorf("%d writes while the result is being recorded; want 1", n)
		}
		return f
	})
	tools, _ = newTools(t, answersOf(t), remember)
	call(t, tools, "send_message", sendArguments)
	if n := tools.Writing(); n != 0 {
		t.Errorf("%d writes after the call", n)
	}
}

func TestTheSameCallIsTheSameWorkHoweverItIsWritten(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	same := []string{
		`{"sender":"+1 (555) 123-4567","recipients":["+15559876543","+1 555 987 6543"],"body":"See you at 2pm","media_urls":[]}`,
		sendArguments,
		`{"body":"See you at 2pm","recipients":["+15559876543"],"sender":"+15551234567","idempotency_key":"k"}`,
	}
	other := []string{
		strings.Replace(sendArguments, "2pm", "3pm", 1),
		strings.Replace(sendArguments, "9876543", "9876544", 1),
		strings.Replace(sendArguments, `"body"`, `"sent_by_name":"Jane","body"`, 1),
		strings.Replace(sendArguments, `"body"`, `"media_urls":["https://example.com/a.png"],"body"`, 1),
	}
	for _, arguments := range append(same, other...) {
		call(t, tools, "send_message", arguments)
	}
	for i, w := range m.works {
		if isSame := w.Digest == m.works[0].Digest; isSame != (i < len(same)) {
			t.Errorf("call %d is the same: %v", i, isSame)
		}
		alike := i < len(same) || i >= len(same)+2 // name and media are not part of what can be seen
		if isAlike := w.Fingerprint == m.works[0].Fingerprint; isAlike != alike {
			t.Errorf("call %d looks alike: %v", i, isAlike)
		}
	}
	if last := m.works[len(m.works)-1]; last.Search != nil {
		t.Error("a message with media can be looked for, though its media cannot be seen")
	}
}

func TestTheOrderOfRecipientsDoesNotMatterForHowAMessageLooks(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	call(t, tools, "send_message", `{"sender":"+15551234567","recipients":["+15559876543","+15559876544"],"body":"b"}`)
	call(t, tools, "send_message", `{"sender":"+15551234567","recipients":["+15559876544","+15559876543"],"body":"b"}`)
	if m.works[0].Fingerprint != m.works[1].Fingerprint {
		t.Error("they look different")
	}
}

func TestACampaignThatIsRepeatedAfterItsTimeIsStillTheSame(t *testing.T) {
	now := testNow()
	m, remember := remembering(attempted)
	tools, api := newTools(t, answersOf(t), remember, func(o *Options) { o.Now = func() time.Time { return now } })
	arguments := strings.Replace(campaignArguments, `"body"`, `"timestamp":"2026-11-23T11:00:00Z","idempotency_key":"k","body"`, 1)
	call(t, tools, "create_campaign", arguments)
	for _, later := range []time.Duration{time.Hour + time.Second, 3 * time.Hour} {
		now = testNow().Add(later)
		call(t, tools, "create_campaign", arguments)
		if m.works[len(m.works)-1].Digest != m.works[0].Digest {
			t.Errorf("%v later it is another work", later)
		}
	}
	// Once would have replayed them; this one made the attempts, of which the last was too late.
	if n := len(api.sent()); n != 2 {
		t.Errorf("%d requests; want 2: what is to be sent in the past is not sent", n)
	}
	m.do = func(context.Context, task) Verdict {
		return Verdict{State: Replayed, Result: Result{Structured: json.RawMessage(`{"id":"99"}`)}, At: testNow()}
	}
	if r := call(t, tools, "create_campaign", arguments); r.Result.IsError {
		t.Errorf("the replay of a campaign whose time has come: %s", r.Result.Text)
	}
}

func TestWhatRecognizesACallIsHandedOn(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	c := Call{
		Tool: "create_contact", Arguments: json.RawMessage(`{"name":"Jane"}`), Subject: "jane", IdempotencyKey: "k-1",
		RequestID: "n:7", Session: "s-1", ProxyRequestID: "p-1", Tenant: "team",
	}
	tools.Call(t.Context(), c)
	w := m.works[0]
	if w.Subject != "jane" || w.Tenant != "team" || w.Key != "k-1" || w.Retransmission != (Retransmission{ProxyRequestID: "p-1", Session: "s-1", RequestID: "n:7"}) {
		t.Errorf("work = %+v", w)
	}
	if w.Fingerprint != [32]byte{} || w.Search != nil {
		t.Error("a contact cannot be looked for")
	}
}

func TestCallsThatNothingWouldRecognizeAreFacts(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Call)
		want   bool
	}{
		"nothing":                 {func(*Call) {}, true},
		"an id":                   {func(c *Call) { c.RequestID = "n:1" }, true},
		"a session without an id": {func(c *Call) { c.Session = "s" }, true},
		"a session":               {func(c *Call) { c.Session, c.RequestID = "s", "n:1" }, false},
		"a proxy":                 {func(c *Call) { c.ProxyRequestID, c.RequestID = "p", "n:1" }, false},
		"a key in _meta":          {func(c *Call) { c.IdempotencyKey = "k" }, false},
		"a key": {func(c *Call) {
			c.Arguments = append(json.RawMessage(`{"idempotency_key":"k",`), c.Arguments[1:]...)
		}, false},
	} {
		_, remember := remembering(attempted)
		tools, _ := newTools(t, answersOf(t), remember)
		for _, c := range goodCalls() {
			creates := tools.tools[c.Tool].effect == creates
			if creates {
				tc.change(&c)
			}
			if got := tools.Call(t.Context(), c).Facts.Unrecognizable; got != (tc.want && creates) {
				t.Errorf("%s with %s: unrecognizable: %v", c.Tool, name, got)
			}
		}
	}
}

func TestEveryToolThatCreatesSomethingTakesAKeyAmongItsArguments(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	for _, c := range creatingCalls() {
		m.works = nil
		c.Arguments = append(json.RawMessage(`{"idempotency_key":"k-1",`), c.Arguments[1:]...)
		if r := tools.Call(t.Context(), c); r.Result.IsError {
			t.Errorf("%s: %s", c.Tool, r.Result.Text)
		} else if m.works[0].Key != "k-1" {
			t.Errorf("%s: the key is %q", c.Tool, m.works[0].Key)
		}
	}
}

func TestIdempotencyKeysThatAreNoneAreRefused(t *testing.T) {
	long := strings.Repeat("x", maxKey+1)
	m, remember := remembering(attempted)
	tools, api := newTools(t, answersOf(t), remember)
	for _, c := range []Call{
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":""}`)},
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":7}`)},
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":" k"}`)},
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":"a\nb"}`)},
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":"` + long + `"}`)},
		{Arguments: json.RawMessage(`{"name":"J","idempotency_key":"a"}`), IdempotencyKey: "b"},
		{Arguments: json.RawMessage(`{"name":"J"}`), IdempotencyKey: long},
		{Arguments: json.RawMessage(`{"name":"J"}`), IdempotencyKey: "a\x00"},
	} {
		c.Tool = "create_contact"
		r := tools.Call(t.Context(), c)
		if !r.Result.IsError || r.Facts.Outcome != OutcomeInvalid || !strings.Contains(r.Result.Text, "key") {
			t.Errorf("%s %q: %s", c.Arguments, c.IdempotencyKey, r.Result.Text)
		}
	}
	if len(m.works) != 0 || len(api.sent()) != 0 {
		t.Errorf("%d works, %d requests", len(m.works), len(api.sent()))
	}
}

func TestWithoutAMemoryThereIsNoIdempotencyKey(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	for _, d := range tools.Definitions() {
		if strings.Contains(string(d.InputSchema.(json.RawMessage)), "idempotency_key") {
			t.Errorf("%s offers a key that nobody remembers", d.Name)
		}
	}
	if r := call(t, tools, "create_contact", `{"name":"J","idempotency_key":"k"}`); !r.Result.IsError {
		t.Error("a key that nobody remembers is taken")
	}
}

func TestWithAMemoryTheCreatingToolsOfferAKeyAndSayWhatIsAReplay(t *testing.T) {
	_, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	for _, d := range tools.Definitions() {
		in, out := string(d.InputSchema.(json.RawMessage)), string(d.OutputSchema.(json.RawMessage))
		creates := tools.tools[d.Name].effect == creates
		if got := strings.Contains(in, `"idempotency_key"`); got != creates {
			t.Errorf("%s offers a key: %v", d.Name, got)
		}
		if got := strings.Contains(out, `"replayed_at"`) && strings.Contains(out, `"note"`); got != creates {
			t.Errorf("%s says what a replay is: %v", d.Name, got)
		}
	}
}

func TestTheInstructionsSpeakOfKeysOnlyIfTheyAreRemembered(t *testing.T) {
	_, remember := remembering(attempted)
	with, _ := newTools(t, nil, remember)
	without, _ := newTools(t, nil)
	if !strings.Contains(with.Instructions(), "idempotency_key") || strings.Contains(without.Instructions(), "idempotency_key") {
		t.Errorf("with a memory:\n%s\nwithout:\n%s", with.Instructions(), without.Instructions())
	}
	if strings.Contains(with.Instructions()+without.Instructions(), "%") {
		t.Error("a verb is left")
	}
}

func TestACallHasABudget(t *testing.T) {
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute {
			t.Errorf("%s: deadline %v", w.Tool, deadline)
		}
		made := w.Attempt(ctx, func(context.Context) error { return nil })
		return Verdict{State: Executed, Result: made.Result}
	})
	answers := answersOf(t)
	tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
		if r.Context().Err() != nil {
			t.Error("a request that was committed has ended with the call")
		}
		return answers(r)
	}, remember, func(o *Options) { o.Budget = 40 * time.Second })
	for _, c := range creatingCalls() {
		tools.Call(t.Context(), c)
	}
}

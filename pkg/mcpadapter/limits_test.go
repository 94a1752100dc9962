package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// allowance is a Limiter that keeps what it was asked, and refuses from the n-th request on if
// limited is set.
type allowance struct {
	limited *Limited
	from    int
	asked   []string
	unsent  int
}

func (a *allowance) Admit(_ context.Context, subject string, messages int) (func(context.Context), *Limited) {
	a.asked = append(a.asked, fmt.Sprintf("%s %d", subject, messages))
	if a.limited != nil && len(a.asked) > a.from {
		return nil, a.limited
	}
	return func(ctx context.Context) {
		if ctx.Err() == nil { // else the store would not hear of it
			a.unsent++
		}
	}, nil
}

func (a *allowance) set(o *Options) { o.Limiter = a }

var tooManyCalls = &Limited{Max: 60, Period: time.Minute, RetryAfter: 11200 * time.Millisecond}

func TestEachRequestCountsAsACallAndAMessageForEachRecipient(t *testing.T) {
	a := &allowance{}
	tools, _ := newTools(t, answersOf(t), a.set)
	for _, c := range goodCalls() {
		c.Subject = c.Tool
		tools.Call(t.Context(), c)
	}
	call(t, tools, "send_message", `{"sender":"+15551234567","recipients":["+15559876543","+1 555 987 6543","+15550001111"],"body":"x"}`)
	want := []string{
		"send_message 1", "get_messages 0", "create_contact 0", "update_contact 0", "delete_contact 0",
		"create_contacts_batch 0", "create_campaign 1", "jane 2",
	}
	if diff := cmp.Diff(want, a.asked); diff != "" {
		t.Errorf("(-want +asked):\n%s", diff)
	}
}

func TestACallBeyondALimitSendsNothingAndSaysWhenToCallAgain(t *testing.T) {
	const again = " The same call may be made again in 12 seconds, at 2026-11-23 10:00:12 UTC."
	const calls = "The limit of this gateway, 60 calls in a minute for one caller, is reached. "
	a := &allowance{limited: tooManyCalls}
	tools, far := newTools(t, answersOf(t), a.set)
	for i, nothing := range []string{
		"Nothing was sent.", "No request was made.", "No contact was created.", "The contact was not changed.", "Nothing was deleted.",
		"No contact was created.", "No campaign was started; nobody was texted.",
	} {
		c := goodCalls()[i]
		r := tools.Call(t.Context(), c)
		if want := calls + nothing + again; r.Result.Text != want || !r.Result.IsError || !r.Result.NoEffect || r.Facts.Outcome != OutcomeLimited {
			t.Errorf("%s: %+v\nwant %s", c.Tool, r, want)
		}
	}
	if len(far.sent()) > 0 {
		t.Errorf("sent %v", far.sent())
	}
}

func TestARefusalSaysWhichLimitItIsAndWhenThereIsRoom(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		limited Limited
		want    string
	}{
		{Limited{Messages: true, Max: 100, Room: 2, Period: day, RetryAfter: 2*time.Hour + 1},
			"The limit of this gateway, 100 messages in 24 hours for one caller, leaves room for 2 at the moment, and this call is 3: " +
				"each recipient counts. Nothing was sent. The same call may be made again in about 2 hours (2026-11-23 12:01 UTC)."},
		{Limited{Messages: true, Max: 2, Room: 2, Period: day, RetryAfter: -1},
			"This call has 3 recipients, and the limit of this gateway is 2 messages in 24 hours for one caller, where each recipient " +
				"counts. Nothing was sent. Retrying will not help: a call may have at most 2 recipients."},
		{Limited{Max: 5, Period: 10 * time.Second, RetryAfter: time.Millisecond},
			"The limit of this gateway, 5 calls in 10s for one caller, is reached. Nothing was sent. The same call may be made again " +
				"in a second, at 2026-11-23 10:00:01 UTC."},
	} {
		a := &allowance{limited: &tt.limited}
		tools, _ := newTools(t, answersOf(t), a.set)
		r := call(t, tools, "send_message",
			`{"sender":"+15551234567","recipients":["+15559876543","+15559876544","+15559876545"],"body":"x"}`)
		if r.Result.Text != tt.want {
			t.Errorf("text = %s\nwant   %s", r.Result.Text, tt.want)
		}
	}
}

// A clock time that is rounded down would be too early.
func TestTheTimeToldIsNeverTooEarly(t *testing.T) {
	now := testNow().Add(900 * time.Millisecond)
	got := (&Limited{RetryAfter: 100 * time.Millisecond}).again(words{}, now)
	if want := "The same call may be made again in a second, at 2026-11-23 10:00:02 UTC."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsNotSentAnywayIsNotCounted(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no credential": func(o *Options) { o.Credentials = nobody{} },
		"sent before": func(o *Options) {
			o.Idempotency = &memory{do: func(context.Context, task) Verdict {
				return Verdict{State: Replayed, Result: Result{Structured: json.RawMessage(`{}`), Text: "{}"}}
			}}
		},
	} {
		a := &allowance{limited: tooManyCalls}
		tools, _ := newTools(t, answersOf(t), a.set, change)
		if call(t, tools, "send_message", sendArguments); len(a.asked) > 0 {
			t.Errorf("%s: counted", name)
		}
	}
	a := &allowance{limited: tooManyCalls}
	tools, _ := newTools(t, answersOf(t), a.set)
	if call(t, tools, "send_message", `{}`); len(a.asked) > 0 {
		t.Error("wrong arguments: counted")
	}
}

// A refusal that was committed would be the answer to every later call with its key.
func TestACallBeyondALimitIsNotCommitted(t *testing.T) {
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		made := w.Attempt(ctx, func(context.Context) error { t.Error("committed"); return nil })
		return Verdict{State: Executed, Result: made.Result}
	})
	a := &allowance{limited: tooManyCalls}
	tools, _ := newTools(t, answersOf(t), a.set, remember)
	if r := call(t, tools, "send_message", sendArguments); r.Facts.Outcome != OutcomeLimited || r.Facts.Disposition != DispositionNotExecuted {
		t.Errorf("report = %+v", r)
	}
}

func TestMessagesThatWereCertainlyNotSentAreGivenBack(t *testing.T) {
	uncommitted := func(o *Options) {
		o.Idempotency = &memory{do: func(ctx context.Context, w task) Verdict {
			w.Attempt(ctx, func(context.Context) error { return errors.New("taken over") })
			return Verdict{State: StoreDown}
		}}
	}
	for _, tt := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		change func(*Options)
		want   int
	}{
		{"sent", answersOf(t), nil, 0},
		{"refused", response(400, ``), nil, 1},
		{"not reached", refused, nil, 1},
		{"not committed", answersOf(t), uncommitted, 1},
		{"unknown", brokenOff, nil, 0},
		{"taken, with an answer that cannot be read", response(201, `{`), nil, 0},
	} {
		a := &allowance{}
		change := []func(*Options){a.set}
		if tt.change != nil {
			change = append(change, tt.change)
		}
		tools, _ := newTools(t, tt.answer, change...)
		if call(t, tools, "send_message", sendArguments); a.unsent != tt.want || len(a.asked) != 1 {
			t.Errorf("%s: given back %d times after %v, want %d", tt.name, a.unsent, a.asked, tt.want)
		}
	}
}

func TestARequestRepeatedWithARenewedCredentialCountsOnce(t *testing.T) {
	a := &allowance{}
	answers := []func(*http.Request) (*http.Response, error){response(401, ``), answersOf(t)}
	tools, far := newTools(t, func(r *http.Request) (*http.Response, error) {
		answer := answers[0]
		answers = answers[1:]
		return answer(r)
	}, a.set, func(o *Options) { o.Credentials = renewing{} })
	if r := call(t, tools, "send_message", sendArguments); r.Result.IsError || len(far.sent()) != 2 || len(a.asked) != 1 || a.unsent != 0 {
		t.Errorf("%s after %d requests: asked %v, given back %d", r.Result.Text, len(far.sent()), a.asked, a.unsent)
	}
}

type renewing struct{ keys }

func (renewing) Renewed(context.Context, string, clerkapi.Credential) (clerkapi.Credential, error) {
	return clerkapi.APIKey("renewed"), nil
}

func TestABatchStopsAtALimitAndSaysHowFarItCame(t *testing.T) {
	a := &allowance{limited: tooManyCalls, from: 1}
	answer := response(201, `{"data":[`+contactJSON+`]}`)
	tools, far := newTools(t, answer, a.set, func(o *Options) { o.BatchSize = 1 })
	r := call(t, tools, "create_contacts_batch", `{"contacts":[{"name":"A"},{"name":"B"},{"name":"C"}]}`)
	for _, want := range []string{"1 are created", "2 were not tried", "60 calls in a minute", "again in 12 seconds"} {
		if !strings.Contains(r.Result.Text, want) {
			t.Errorf("%q does not say %q", r.Result.Text, want)
		}
	}
	if len(far.sent()) != 1 || len(a.asked) != 2 {
		t.Errorf("%d requests, asked %v", len(far.sent()), a.asked)
	}
}

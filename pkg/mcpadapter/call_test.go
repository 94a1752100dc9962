package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestOptionsThatAreRequired(t *testing.T) {
	client, err := clerkapi.NewClient(clerkapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"no client": {Credentials: keys{}}, "no credentials": {Client: client}} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnUnknownToolIsAnErrorOfItsOwn(t *testing.T) {
	observed := &observer{}
	tools, far := newTools(t, answersOf(t), func(o *Options) { o.Observer = observed })
	r := call(t, tools, "send_mesage", `{}`)
	if !errors.Is(r.Err, ErrUnknownTool) || !r.Result.IsError || r.Result.Text != `There is no tool "send_mesage".` {
		t.Errorf("report = %+v, want ErrUnknownTool", r)
	}
	if len(far.sent()) > 0 || len(observed.facts) > 0 {
		t.Errorf("sent %v, observed %v, want neither", far.sent(), observed.facts)
	}
}

type observer struct {
	facts []Facts
	ended error
	value any
}

type contextKey struct{}

func (o *observer) Observe(ctx context.Context, f Facts) {
	o.facts, o.ended, o.value = append(o.facts, f), ctx.Err(), ctx.Value(contextKey{})
}

func TestTheObserverIsToldOnceOfEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return answersOf(t)(r)
		}
		observed := &observer{}
		tools, _ := newTools(t, slow, func(o *Options) { o.Observer, o.Now = observed, time.Now })
		for _, c := range goodCalls() {
			tools.Call(t.Context(), c)
		}
		call(t, tools, "delete_contact", `{}`)
		facts := func(tool, operation string, status, recipients, segments int) Facts {
			f := Facts{Tool: tool, Operation: operation, Status: status, Attempts: 1, Duration: 3 * time.Second,
				Recipients: recipients, Segments: segments}
			if status == http.StatusCreated {
				f.Disposition, f.Unrecognizable = DispositionExecuted, true // these have no key and no session
			}
			return f
		}
		want := []Facts{
			facts("send_message", "sendMessage", 201, 1, 1),
			facts("get_messages", "findMessages", 200, 0, 0),
			facts("create_contact", "createContact", 201, 0, 0),
			facts("update_contact", "updateContact", 200, 0, 0),
			facts("delete_contact", "deleteContact", 204, 0, 0),
			facts("create_contacts_batch", "createContacts", 201, 0, 0),
			facts("create_campaign", "createCampaign", 201, 0, 1),
			{Tool: "delete_contact", Operation: "deleteContact", Outcome: OutcomeInvalid},
		}
		if diff := cmp.Diff(want, observed.facts); diff != "" {
			t.Errorf("(-want +observed):\n%s", diff)
		}
	})
}

func TestTheObserverGetsTheValuesOfACallThatHasEnded(t *testing.T) {
	observed := &observer{}
	tools, _ := newTools(t, answersOf(t), func(o *Options) { o.Observer = observed })
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "request 1"))
	cancel()
	tools.Call(ctx, goodCalls()[0])
	if observed.ended != nil || observed.value != "request 1" || observed.facts[0].Outcome != OutcomeCanceled {
		t.Errorf("observed %+v, want a context that lives and has the value", observed)
	}
}

func TestEachSubjectCallsWithItsOwnCredential(t *testing.T) {
	tools, far := newTools(t, answersOf(t))
	for _, subject := range []string{"jane", "", "joe"} {
		c := goodCalls()[0]
		c.Subject = subject
		tools.Call(t.Context(), c)
	}
	got := []string{far.sent()[0].key, far.sent()[1].key, far.sent()[2].key}
	if diff := cmp.Diff([]string{"key-of-jane", "key-of-", "key-of-joe"}, got); diff != "" {
		t.Error(diff)
	}
}

type toldError struct{}

func (toldError) Error() string      { return "secret cause" }
func (toldError) PublicText() string { return "Connect your Clerk Chat account first." }

type nobody struct{}

func (nobody) Credential(context.Context, string) (clerkapi.Credential, error) {
	return clerkapi.Credential{}, nil
}

func TestACallWithoutCredentialSendsNothing(t *testing.T) {
	tests := []struct {
		name        string
		credentials Credentials
		want        string
		outcome     Outcome
	}{
		{"not to be had now", keys{errors.New("redis: secret cause")},
			"The Clerk Chat credential is temporarily unavailable. Nothing was sent. The same call may be made again in a moment.",
			OutcomeUnavailable},
		{"none", keys{fmt.Errorf("lookup: %w", clerkapi.ErrNoCredential)},
			"There is no Clerk Chat credential for this caller. Nothing was sent. Calling again does not help: the user has to " +
				"sign in again.", OutcomeRefused},
		{"an error with a text for the public", keys{fmt.Errorf("secret: %w", toldError{})},
			"Connect your Clerk Chat account first. Nothing was sent.", OutcomeRefused},
		{"an empty one", nobody{},
			"There is no Clerk Chat credential for this caller. Nothing was sent. Calling again does not help: the user has to " +
				"sign in again.", OutcomeRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tools, far := newTools(t, answersOf(t), func(o *Options) { o.Credentials = tt.credentials })
			r := call(t, tools, "send_message", sendArguments)
			if r.Result.Text != tt.want || !r.Result.IsError || r.Facts.Outcome != tt.outcome || len(far.sent()) > 0 {
				t.Errorf("report = %+v\nwant %v: %s", r, tt.outcome, tt.want)
			}
		})
	}
}

// TestAClientThatGoesAwayStopsAReadOnly: the client leaves a second into a request that takes five.
func TestAClientThatGoesAwayStopsAReadOnly(t *testing.T) {
	for _, c := range goodCalls() {
		t.Run(c.Tool, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tools, _ := newTools(t, slowly(t))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begun := time.Now()
				r := tools.Call(ctx, c)
				took, want := time.Since(begun), 5*time.Second
				if c.Tool == "get_messages" {
					want = time.Second
				}
				if took != want || r.Result.IsError != (want == time.Second) {
					t.Errorf("after %v: %s; want it after %v", took, r.Result.Text, want)
				}
			})
		})
	}
}

func slowly(t *testing.T) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(5 * time.Second):
			return answersOf(t)(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func TestAReadThatIsCanceledSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tools, _ := newTools(t, slowly(t))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := tools.Call(ctx, Call{Tool: "get_messages"})
		if r.Result.Text != "The call was canceled." || r.Facts.Outcome != OutcomeCanceled {
			t.Errorf("report = %+v", r)
		}
	})
}

func TestAWriteThatWasNotHandedOverIsNotMade(t *testing.T) {
	tools, far := newTools(t, answersOf(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range goodCalls() {
		r := tools.Call(ctx, c)
		if !r.Result.IsError || r.Facts.Outcome != OutcomeCanceled || !strings.HasPrefix(r.Result.Text, "The call was canceled.") {
			t.Errorf("%s: %+v", c.Tool, r)
		}
	}
	if len(far.sent()) > 0 {
		t.Errorf("sent %v", far.sent())
	}
}

func TestDrainWaitsForWritesAndNotForReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tools, _ := newTools(t, slowly(t))
		begun := time.Now()
		drain := func(patience time.Duration) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := tools.Drain(ctx)
			return time.Since(begun), err
		}
		go tools.Call(t.Context(), Call{Tool: "get_messages"})
		synctest.Wait()
		if at, err := drain(time.Hour); at != 0 || err != nil {
			t.Errorf("with a read under way: after %v, %v; want at once", at, err)
		}
		go tools.Call(t.Context(), goodCalls()[0])
		time.Sleep(time.Second)
		go tools.Call(t.Context(), goodCalls()[3])
		if at, err := drain(2 * time.Second); at != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without patience: after %v, %v; want the deadline after 3s", at, err)
		}
		if at, err := drain(time.Hour); at != 6*time.Second || err != nil {
			t.Errorf("with two writes under way: after %v, %v; want it after 6s", at, err)
		}
		if r := tools.Call(t.Context(), goodCalls()[0]); r.Result.IsError {
			t.Errorf("a call after that: %s", r.Result.Text)
		}
	})
}

func TestOutcomesHaveNames(t *testing.T) {
	got := []string{}
	for o := OutcomeOK; o <= OutcomeLimited+1; o++ {
		got = append(got, o.String())
	}
	want := []string{"ok", "invalid", "refused", "failed", "unknown", "unavailable", "canceled", "limited", "Outcome(8)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInstructionsNameTheToolsThatThereAre(t *testing.T) {
	tools, _ := newTools(t, nil)
	for _, name := range []string{"send_message", "create_campaign", "get_messages"} {
		if !strings.Contains(tools.Instructions(), name) || tools.tools[name] == nil {
			t.Errorf("%s is not a tool that the instructions speak of", name)
		}
	}
}

// benchmarkCall calls without a network.
func benchmarkCall(b *testing.B, answer string, c Call) {
	tools, far := newTools(b, response(200, answer))
	b.ReportAllocs()
	for b.Loop() {
		if r := tools.Call(b.Context(), c); r.Result.IsError {
			b.Fatal(r.Result.Text)
		}
		far.requests = far.requests[:0]
	}
}

func BenchmarkSendMessage(b *testing.B) {
	benchmarkCall(b, `{"data":`+messageJSON+`}`, goodCalls()[0])
}

func BenchmarkGetMessages50(b *testing.B) {
	page := `{"data":[` + messageJSON + strings.Repeat(`,`+messageJSON, 49) + `],"total":50}`
	benchmarkCall(b, page, Call{Tool: "get_messages", Arguments: json.RawMessage(`{}`)})
}

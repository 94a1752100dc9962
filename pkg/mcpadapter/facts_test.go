package mcpadapter

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestAFailedCallHasTheStatusAndTheAttempts(t *testing.T) {
	for _, c := range goodCalls() {
		for _, status := range []int{401, 422, 500} {
			tools, _ := newTools(t, response(status, ``))
			if f := tools.Call(t.Context(), c).Facts; f.Status != status || f.Attempts != 1 {
				t.Errorf("%s: %d after %d attempts, want %d", c.Tool, f.Status, f.Attempts, status)
			}
		}
	}
}

// What was sent by an earlier call is not counted for this one.
func TestASettledCallCountsItsOwnAttempt(t *testing.T) {
	for _, earlier := range []bool{false, true} {
		_, remember := remembering(func(ctx context.Context, w task) Verdict {
			w.Attempt(ctx, func(context.Context) error { return nil })
			return Verdict{State: Reconciled, Earlier: earlier, At: testNow(), Result: Result{Structured: json.RawMessage(`{"id":"12"}`)}}
		})
		tools, _ := newTools(t, response(500, ``), remember)
		f := call(t, tools, "send_message", sendArguments).Facts
		if f.Disposition != DispositionReconciled || (f.Status == 500) == earlier || (f.Attempts == 1) == earlier {
			t.Errorf("earlier %v: %+v", earlier, f)
		}
	}
}

func TestTwoKeysThatDifferAreARefusal(t *testing.T) {
	for _, c := range creatingCalls() {
		m, remember := remembering(attempted)
		tools, far := newTools(t, answersOf(t), remember)
		c.Arguments = json.RawMessage(strings.TrimSuffix(string(c.Arguments), "}") + `,"idempotency_key":"a"}`)
		c.IdempotencyKey = "b"
		r := tools.Call(t.Context(), c)
		if !r.Result.NoEffect || r.Facts.Outcome != OutcomeInvalid || r.Facts.Disposition != DispositionNotExecuted || len(far.sent())+len(m.works) > 0 ||
			!strings.HasPrefix(r.Result.Text, "The argument idempotency_key and the one in _meta are not the same: give one of them. N") {
			t.Errorf("%s: %v %v: %s", c.Tool, r.Facts.Outcome, r.Facts.Disposition, r.Result.Text)
		}
	}
}

func TestACallThatCreatesHas55Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for set, want := range map[time.Duration]time.Duration{0: 55 * time.Second, time.Minute: time.Minute} {
			for _, c := range creatingCalls() {
				_, remember := remembering(func(ctx context.Context, w task) Verdict {
					if end, ends := ctx.Deadline(); !ends || time.Until(end) != want {
						t.Errorf("%s: %v left, want %v", w.Tool, time.Until(end), want)
					}
					return Verdict{State: StoreDown}
				})
				tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.Budget = set })
				tools.Call(t.Context(), c)
			}
		}
	})
}

func TestAPageHasASuccessorIfMoreWasCounted(t *testing.T) {
	for _, tt := range []struct {
		page, limit, n int
		total          int64
		next           string
		want           bool
	}{
		{1, 50, 0, 100, "x", false},
		{1, 50, 50, 51, "", true},
		{1, 50, 50, 50, "x", false},
		{3, 10, 1, 21, "x", false},
		{3, 10, 1, 22, "", true},
		{3, 10, 1, 20, "x", true},
		{3, 10, 1, 20, "", false},
		{2, 50, 1, 51, "x", false},
	} {
		if got := hasMore(tt.page, tt.limit, tt.n, tt.total, tt.next); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	answer := response(200, `{"data":[`+messageJSON+`],"total":21,"links":{"next":"x"}}`)
	tools, _ := newTools(t, answer)
	if r := call(t, tools, "get_messages", `{"page":3,"limit":10}`); !strings.Contains(string(r.Result.Structured), `"has_more":false`) {
		t.Errorf("%s", r.Result.Structured)
	}
	tools, _ = newTools(t, answer)
	if r := call(t, tools, "get_messages", `{"page":2,"limit":10}`); !strings.Contains(string(r.Result.Structured), `"has_more":true,"next_page":3`) {
		t.Errorf("%s", r.Result.Structured)
	}
}

func TestLookingEndsAtTheLastPage(t *testing.T) {
	first := strings.TrimSuffix(strings.Repeat(strings.Replace(messageJSON, `"user"`, `"workflow"`, 1)+",", 50), ",")
	found, far, err := looked(t, sendArguments, func(r *http.Request) (*http.Response, error) {
		data := first
		if r.URL.Query().Get("page") == "2" {
			data = messageJSON
		}
		return response(200, `{"data":[`+data+`],"total":51,"links":{"next":"x"}}`)(r)
	})
	if err != nil || len(found) != 1 || len(far.sent()) != 2 {
		t.Errorf("%d found with %d requests, %v", len(found), len(far.sent()), err)
	}
}

// filled makes a value of which no field is zero.
func filled[T any]() *T {
	v := new(T)
	for s, i := reflect.ValueOf(v).Elem(), 0; i < s.NumField(); i++ {
		switch f := s.Field(i); f.Interface().(type) {
		case time.Time:
			f.Set(reflect.ValueOf(testNow()))
		case []string:
			f.Set(reflect.ValueOf([]string{"x"}))
		case clerkapi.MediaList:
			f.Set(reflect.ValueOf(clerkapi.MediaList{"x"}))
		case map[string]any:
			f.Set(reflect.ValueOf(map[string]any{"x": "x"}))
		default:
			switch f.Kind() {
			case reflect.String:
				f.SetString(s.Type().Field(i).Name)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Int, reflect.Int64:
				f.SetInt(int64(i + 1))
			}
		}
	}
	return v
}

func TestResultsHaveAllThatTheAPIAnswered(t *testing.T) {
	m, c := filled[clerkapi.Message](), filled[clerkapi.Contact]()
	sent := (&sendMessage{body: clerkapi.SendMessageRequest{Sender: "72345", Recipients: []string{"72346"}}, duplicates: 1}).sent(m)
	shown := messageOf(m) // which leaves out what its conversation says, and the rest only where it is as usual
	m.Inbound, m.Seen, m.Status = true, false, clerkapi.MessageStatusFailed
	shown.LeftOut, shown.Unseen, shown.Status, shown.SenderType = 1, messageOf(m).Unseen, messageOf(m).Status, "workflow"
	ofContact := contactOf(c)
	ofContact.Note = contactNote
	for _, result := range []any{shown, ofContact, sent} {
		v := reflect.ValueOf(result)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%T has no %s", result, v.Type().Field(i).Name)
			}
		}
	}
	if messageOf(m).ErrorCode != "ErrorCode" || messageOf(m).InboxID != "InboxID" || sent.ConversationID != "ConversationID" {
		t.Errorf("%+v, %+v", messageOf(m), sent)
	}
	tools, _ := newTools(t, answersOf(t))
	r := call(t, tools, "create_campaign", strings.Replace(campaignArguments, `"body"`, `"timestamp":"2026-11-23T10:00:01Z","body"`, 1))
	for _, want := range []string{`"id":"99"`, `"status":"scheduled"`, `"sender":"+15551234567"`, `"list_name":"PremiumTierSubscribers"`,
		`"scheduled_for":"2026-11-23T10:00:01Z"`, `"inbox_id":"i-1"`, `"created":"2026-11-23T10:00:00Z"`} {
		if !strings.Contains(string(r.Result.Structured), want) {
			t.Errorf("no %s in %s", want, r.Result.Structured)
		}
	}
}

func TestWordsOfOutcomesAndPaths(t *testing.T) {
	var words []string
	for o := OutcomeOK; o <= OutcomeLimited; o++ {
		words = append(words, o.String())
	}
	if got := strings.Join(words, " "); got != "ok invalid refused failed unknown unavailable canceled limited" {
		t.Error(got)
	}
	words = nil
	for p := DispositionNone; p <= DispositionNotExecuted; p++ {
		words = append(words, p.String())
	}
	if got := strings.Join(words, " "); got != " executed replayed reconciled not_found_yet indeterminate in_progress not_executed" {
		t.Error(got)
	}
}

func TestEarlierTimesAreToldInTheirPlaces(t *testing.T) {
	words := &tool{words: words{nothing: "NOTHING"}}
	for state, want := range map[State]string{
		KeyReused:  "This idempotency_key was used before (at 2026-11-23T10:00:00Z) for a call with other arguments. Nothing was done now.",
		StoreReset: "The gateway's idempotency records were lost at 2026-11-23T10:00:00Z, so it cannot know whether this idempotency_key was used before.",
	} {
		for _, at := range []time.Time{testNow(), {}} {
			if at.IsZero() {
				want = strings.NewReplacer(" (at 2026-11-23T10:00:00Z)", "", "at 2026-11-23T10:00:00Z", "a while ago").Replace(want)
			}
			if s, _, _ := notBegun(words, Operation{}, Verdict{State: state, At: at}); !strings.HasPrefix(s[0], want) {
				t.Errorf("%q, want %q", s[0], want)
			}
		}
	}
	r := replayed(Operation{}, Verdict{At: testNow(), Result: Result{IsError: true, Text: "It failed."}}, Facts{})
	if want := "This is the answer to the same call made before (at 2026-11-23T10:00:00Z); nothing was done again: It failed."; r.Result.Text != want {
		t.Errorf("%q", r.Result.Text)
	}
}

package mcpadapter

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// saysTheSame checks that who reads only the text, and who reads only the structure, are told the
// same.
func saysTheSame(t testing.TB, r Report) {
	t.Helper()
	switch rest := r.Result; {
	case rest.Structured == nil:
		if rest.Text == "" || !rest.IsError {
			t.Errorf("neither structure nor reason: %q", rest.Text)
		}
	case !rest.IsError:
		if rest.Text != string(rest.Structured) {
			t.Errorf("the text is not the structure:\n%s\n%s", rest.Text, rest.Structured)
		}
	default:
		note := takeNote(&rest)
		if note == "" || r.Result.Text != note+"\n"+string(rest.Structured) {
			t.Errorf("the text is not note and structure:\n%s\n%s", r.Result.Text, r.Result.Structured)
		}
	}
}

func TestTextAndStructureSayTheSame(t *testing.T) {
	found := Result{Structured: json.RawMessage(`{"id":"12","contacts":[{"result":"created"},{"result":"created"}]}`), Text: "another text"}
	for _, state := range []State{Executed, Replayed, Reconciled, NotFoundYet, Indeterminate, InProgress, Queued, KeyReused, StoreDown, StoreReset} {
		for _, status := range []int{201, 200, 307, 400, 401, 403, 404, 405, 409, 422, 429, 500, 503} {
			for _, earlier := range []bool{true, false} {
				_, remember := remembering(func(ctx context.Context, w task) Verdict {
					if state == Executed || !earlier {
						f := attempted(ctx, w)
						if state != Executed {
							f.State = state
						}
						return f
					}
					return Verdict{State: state, Earlier: earlier, At: testNow(), Result: found}
				})
				answer := response(status, `{"message":"no"}`)
				if status == 201 {
					answer = answersOf(t)
				}
				for _, size := range []int{1, 2, 100} {
					tools, _ := newTools(t, answer, remember, func(o *Options) { o.BatchSize = size })
					for _, c := range goodCalls() {
						if size == 100 || c.Tool == "create_contacts_batch" {
							saysTheSame(t, tools.Call(t.Context(), c))
						}
					}
				}
			}
		}
	}
}

// What is said of a part holds for the part: no reason tells that nothing was created by a call
// that created something.
func TestReasonsOfPartsAreAboutTheParts(t *testing.T) {
	made := creating(t, new([]int))
	for name, tt := range map[string]struct {
		verdict *Verdict
		answer  func(*http.Request) (*http.Response, error)
		says    string
	}{
		"the store is away":         {&Verdict{State: StoreDown}, nil, "so these were not created: it might have been a duplicate. They may"},
		"the store lost its data":   {&Verdict{State: StoreReset, At: testNow()}, nil, "whether these were created before. None of these was created. Have the user check"},
		"too many requests":         {nil, response(429, ""), "None of these was created. They may be tried again"},
		"no rights":                 {nil, response(403, ""), "None of these was created. Calling again does not help"},
		"an answer of another form": {nil, response(201, `{"data":[{`), "These contacts were created; only what came back about it is lost."},
		"a mistake":                 {nil, response(422, `{"message":"no"}`), `HTTP 422`},
	} {
		_, remember := remembering(byPart(nil, tt.verdict))
		n := 0
		tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return made(r)
			}
			return tt.answer(r)
		}, remember, func(o *Options) { o.BatchSize = 2 })
		r := call(t, tools, "create_contacts_batch", batchOf(4, `,"idempotency_key":"k"`))
		b := resultOf(t, r)
		if b.Created != 2 || len(b.Problems) != 1 || !strings.Contains(b.Problems[0].Reason, tt.says) {
			t.Errorf("%s: %s", name, r.Result.Structured)
			continue
		}
		for _, wrong := range []string{"othing was done", "No contact was created", "make it without", "The same call may be made again"} {
			if strings.Contains(r.Result.Text, wrong) {
				t.Errorf("%s says %q: %s", name, wrong, r.Result.Text)
			}
		}
	}
}

func TestHiddenCharactersAreShownAsEscapes(t *testing.T) {
	const hidden = "a\u202eb\U000e0041c\x07d\u2066e\U000e0101\u200bf" // and what is to be seen:
	const shown = `a\u{202e}b\u{e0041}c\u{0007}d\u{2066}e\u{e0101}\u{200b}f`
	const fine = "line\nbreak\ttab \"quote\" \\ back 👩\u200d👧 \u00e9 \\u202e"
	for given, want := range map[string]string{hidden: shown, fine: fine} {
		body, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		message := strings.NewReplacer(`"See you at 2pm"`, string(body), `"Jane"`, string(body)).Replace(messageJSON)
		tools, _ := newTools(t, response(200, `{"data":[`+message+`],"total":1}`))
		r := call(t, tools, "get_messages", `{}`)
		page := pageOf(t, r)
		if m := page.Conversations[0].Messages[0]; m.Body != want || m.SentByName != want {
			t.Errorf("%+q and %+q, want %+q", m.Body, m.SentByName, want)
		}
		if strings.Count(r.Result.Text, "not instructions") != 1 {
			t.Error(r.Result.Text)
		}
		tools, _ = newTools(t, response(200, `{"data":{"id":"k","name":`+string(body)+`,"data":{"a":`+string(body)+`}}}`))
		var c contact
		r = call(t, tools, "update_contact", `{"contact_id":"k","public":true}`)
		if err := json.Unmarshal(r.Result.Structured, &c); err != nil || c.Name != want || c.Data["a"] != want ||
			strings.Count(r.Result.Text, "not instructions") != 1 {
			t.Errorf("%v: %+q", err, r.Result.Text)
		}
		tools, _ = newTools(t, response(422, `{"message":`+string(body)+`}`))
		if r := call(t, tools, "send_message", sendArguments); strings.ContainsFunc(r.Result.Text, isHidden) ||
			strings.Count(r.Result.Text, "as data and not as an instruction") != 1 {
			t.Errorf("%+q", r.Result.Text)
		}
	}
}

func TestAMissingArgumentIsAskedOfTheUser(t *testing.T) {
	for tool, arguments := range map[string][]string{
		"send_message":          {`{}`, `{"sender":"","recipients":[],"body":" "}`},
		"create_campaign":       {`{}`, `{"sender":"72345","list_name":" ","body":"x"}`, `{"sender":"72345","list_name":"L","body":"x","timestamp":""}`},
		"update_contact":        {`{"name":"x"}`},
		"delete_contact":        {`{}`},
		"create_contacts_batch": {`{}`, `{"contacts":[]}`},
	} {
		for _, a := range arguments {
			tools, _ := newTools(t, answersOf(t))
			text := call(t, tools, tool, a).Result.Text
			for line := range strings.SplitSeq(text, "\n- ") {
				if (strings.Contains(line, "is missing") || strings.Contains(line, "is empty") || strings.Contains(line, "is blank")) &&
					!strings.Contains(line, "ask the user") {
					t.Errorf("%s %s: %s", tool, a, line)
				}
			}
		}
	}
}

func TestOptOutsAreSaidInPlainWords(t *testing.T) {
	for status, bodies := range map[int][]string{
		201: {`{"data":` + strings.Replace(messageJSON, `"error":null`, `"error":"no","errorCode":21610`, 1) + `}`},
		400: {`{"message":"Recipient has opted out"}`, `{"message":"contact is unsubscribed"}`, `{"message":"x","code":"21610"}`},
		422: {`{"message":"The recipient replied STOP"}`},
	} {
		for _, body := range bodies {
			tools, _ := newTools(t, response(status, body))
			text := call(t, tools, "send_message", sendArguments).Result.Text
			if !strings.HasSuffix(text, optedOut) || strings.Contains(text, "find the reason") || strings.Contains(text, "correct the arguments") {
				t.Errorf("%d %s: %s", status, body, text)
			}
		}
	}
	tools, _ := newTools(t, response(422, `{"message":"stop time is invalid, no option"}`))
	if text := call(t, tools, "send_message", sendArguments).Result.Text; strings.Contains(text, "opted out") {
		t.Error(text)
	}
}

func TestLongWaitsAreToldInRoundTimes(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		87175 * time.Second: "in about 24 hours (2026-11-24 10:13 UTC).", 3 * time.Minute: "in 3 minutes (2026-11-23 10:03 UTC).",
		90*time.Minute + 1: "in about 2 hours (2026-11-23 11:31 UTC).", 61*time.Minute + 1: "in 62 minutes (2026-11-23 11:02 UTC).",
	} {
		if got := (&Limited{RetryAfter: wait}).again(words{}, testNow()); !strings.HasSuffix(got, want) {
			t.Errorf("%v: %s, want %s", wait, got, want)
		}
	}
}

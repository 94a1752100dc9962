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

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What was done is said in each tool's own words, when only its answer is lost.
func TestALostAnswerSaysWhatWasDone(t *testing.T) {
	want := map[string]string{
		"send_message":          "The message was taken for sending; only what came back about it is lost.",
		"create_contact":        "The contact was created; only what came back about it is lost.",
		"update_contact":        "The contact was changed; only what came back about it is lost.",
		"create_contacts_batch": "The contacts were created; only what came back about it is lost.",
		"create_campaign":       "The campaign was taken for sending; only what came back about it is lost.",
	}
	for _, c := range goodCalls() {
		if want[c.Tool] == "" {
			continue
		}
		tools, _ := newTools(t, response(201, `{"data":[{"id":`))
		r := tools.Call(t.Context(), c)
		if !strings.Contains(r.Result.Text, want[c.Tool]) || !r.Result.IsError || r.Result.NoEffect || r.Facts.Outcome != OutcomeFailed {
			t.Errorf("%s: %v %s", c.Tool, r.Facts.Outcome, r.Result.Text)
		}
	}
}

// Whoever remembers works remembers the id of what was made, also where the client is told of a
// failure.
func TestTheIDOfWhatWasMadeIsRemembered(t *testing.T) {
	failedCampaign := response(201, `{"data":`+strings.Replace(campaignJSON, `"scheduled"`, `"failed"`, 1)+`}`)
	failedMessage := response(201, `{"data":`+strings.Replace(messageJSON, `"sending"`, `"failed"`, 1)+`}`)
	for name, tt := range map[string]struct {
		tool, arguments string
		answer          func(*http.Request) (*http.Response, error)
		id              string
		outcome         clerkapi.Outcome
	}{
		"a message":              {"send_message", sendArguments, answersOf(t), "12", clerkapi.Done},
		"a contact":              {"create_contact", `{"name":"J"}`, answersOf(t), "k-1", clerkapi.Done},
		"a campaign":             {"create_campaign", campaignArguments, answersOf(t), "99", clerkapi.Done},
		"a message that failed":  {"send_message", sendArguments, failedMessage, "12", clerkapi.Done},
		"a campaign that failed": {"create_campaign", campaignArguments, failedCampaign, "99", clerkapi.Done},
		"nothing":                {"send_message", sendArguments, response(422, ``), "", clerkapi.NotDone},
		"nobody knows":           {"send_message", sendArguments, response(500, ``), "", clerkapi.Unknown},
	} {
		var made Attempted
		_, remember := remembering(func(ctx context.Context, w task) Verdict {
			made = w.Attempt(ctx, func(context.Context) error { return nil })
			return Verdict{State: Executed, Result: made.Result}
		})
		tools, _ := newTools(t, tt.answer, remember)
		call(t, tools, tt.tool, tt.arguments)
		if made.ID != tt.id || made.Outcome != tt.outcome {
			t.Errorf("%s: %q, %v", name, made.ID, made.Outcome)
		}
	}
}

func TestAWorkHasTheWholeTraceOfItsCall(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	tools.Call(t.Context(), Call{
		Tool: "send_message", Arguments: json.RawMessage(sendArguments), Subject: "jane", Tenant: "team",
		ProxyRequestID: "p", Session: "s", RequestID: "n:1", Held: time.Second,
	})
	want := Retransmission{ProxyRequestID: "p", Session: "s", RequestID: "n:1", Held: time.Second}
	if w := m.works[0]; w.Retransmission != want || w.Subject != "jane" || w.Tenant != "team" || w.Tool != "send_message" {
		t.Errorf("work of %q for %q: %+v", w.Subject, w.Tenant, w.Retransmission)
	}
}

func TestACampaignForThePastIsNotStarted(t *testing.T) {
	for timestamp, sent := range map[string]bool{"2026-11-23T09:58:59Z": false, "2026-11-23T09:59:00Z": true, "2026-11-23T10:00:01Z": true} {
		tools, far := newTools(t, answersOf(t))
		r := call(t, tools, "create_campaign", strings.Replace(campaignArguments, `"body"`, `"timestamp":"`+timestamp+`","body"`, 1))
		if sent {
			if r.Result.IsError || len(far.sent()) != 1 {
				t.Errorf("%s: %s", timestamp, r.Result.Text)
			}
			continue
		}
		const want = "create_campaign was not carried out, because its arguments need correcting:\n- timestamp is in the past (it is now 2026-11-23T10:00:00Z)"
		if r.Facts.Outcome != OutcomeInvalid || !r.Result.NoEffect || len(far.sent()) != 0 || !strings.HasPrefix(r.Result.Text, want) {
			t.Errorf("%s: %v, %d requests: %s", timestamp, r.Facts.Outcome, len(far.sent()), r.Result.Text)
		}
	}
}

func TestMessagesAreReadFromOneSideOfATime(t *testing.T) {
	for arguments, good := range map[string]bool{
		`{"start":"2026-11-23T10:00:00Z"}`:                              true,
		`{"end":"2026-11-23T10:00:00Z"}`:                                true,
		`{"start":"2026-11-23T10:00:00Z","end":"2026-11-23T10:00:01Z"}`: true,
		`{"start":"2026-11-23T10:00:00Z","end":"2026-11-23T10:00:00Z"}`: false,
		`{"start":"2026-11-23T10:00:01Z","end":"2026-11-23T10:00:00Z"}`: false,
	} {
		tools, far := newTools(t, answersOf(t))
		if r := call(t, tools, "get_messages", arguments); len(far.sent()) > 0 != good || r.Result.IsError == good {
			t.Errorf("%s: %s", arguments, r.Result.Text)
		}
	}
}

func TestAPartWhoseAnswerCannotBeReadAgainIsUnknown(t *testing.T) {
	for name, structured := range map[string]string{
		"fewer contacts": `{"contacts":[{"result":"created","id":"a"}]}`,
		"more contacts":  `{"contacts":[{"result":"created","id":"a"},{"result":"created","id":"b"},{"result":"created","id":"c"}]}`,
		"another shape":  `{"contacts":[{"result":"created","id":"a"},{"result":"created","id":"b"}],"problem":5}`,
		"no JSON":        `{"contacts":`,
		"nothing":        ``,
	} {
		done := &Verdict{State: Replayed, At: testNow(), Result: Result{Structured: json.RawMessage(structured)}}
		_, remember := remembering(byPart(done, nil))
		tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.BatchSize = 2 })
		r := call(t, tools, "create_contacts_batch", batchOf(4, ""))
		b := resultOf(t, r)
		if len(b.Contacts) != 4 || b.Contacts[0].Result != contactUnknown || b.Contacts[1].Result != contactUnknown || b.Unknown != 2 || b.Created != 2 ||
			len(b.Problems) != 1 || b.Problems[0].Reason != "An earlier call carried it out, and its answer cannot be read any more." {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestEqualContactsAreMatchedOneByOne(t *testing.T) {
	asked := clerkapi.ContactFields{Name: "J", Phone: "+15551234567"}
	r := &createContacts{body: clerkapi.CreateContactsRequest{Contacts: []clerkapi.ContactFields{asked, asked, asked}}}
	part := r.match([]clerkapi.Contact{{ID: "a", Name: "J", Phone: "+1 555 123 4567"}, {ID: "b", Name: "J", Phone: "+15551234567", OptOut: true}})
	want := []batchContact{{Result: contactCreated, ID: "a"}, {Result: contactCreated, ID: "b", OptOut: true}, {Result: contactUnknown}}
	for i := range want {
		if part.Contacts[i] != want[i] {
			t.Errorf("contact %d: %+v, want %+v", i, part.Contacts[i], want[i])
		}
	}
	if want := "Clerk Chat took the request for 3 contacts, but its answer names 2 of them (ids a, b)."; part.Problem != want {
		t.Errorf("%q", part.Problem)
	}
}

func TestTwentyIDsOfAnAnswerAreNamed(t *testing.T) {
	for n, more := range map[int]bool{0: false, 1: false, 20: false, 21: true} {
		made := make([]clerkapi.Contact, n)
		for i := range made {
			made[i].ID = clerkapi.ID(fmt.Sprintf("id%d.", i))
		}
		s := idsOf(made)
		if strings.Count(s, ".") != min(n, 20) || strings.HasSuffix(s, " and more)") != more || (s == "") != (n == 0) {
			t.Errorf("%d: %s", n, s)
		}
	}
	if s := idsOf([]clerkapi.Contact{{ID: "a"}, {}}); s != " (ids a and more)" {
		t.Error(s)
	}
}

func TestANoteGoesIntoObjectsThatHaveMembers(t *testing.T) {
	for structured, want := range map[string]string{
		`{"a":1}`: `{"note":"n","a":1}`, `{}`: `{}`, ``: ``,
	} {
		r := withNote(Result{Structured: json.RawMessage(structured), Text: structured}, Facts{}, "n", time.Time{})
		if string(r.Result.Structured) != want || r.Result.Text != want {
			t.Errorf("%s: %s, %s", structured, r.Result.Structured, r.Result.Text)
		}
	}
}

// Nothing that comes out of JSON leads there; should it, nobody may think that nothing was done.
func TestWhatCannotBeWrittenIsNotTakenForNothing(t *testing.T) {
	for effect, want := range map[effect]clerkapi.Outcome{reads: clerkapi.NotDone, sets: clerkapi.Done, creates: clerkapi.Done} {
		var e *clerkapi.Error
		_, err := encode(&tool{operation: "op", effect: effect}, func() {})
		if !errors.As(err, &e) || e.Outcome != want || e.Operation != "op" || !errors.Is(err, clerkapi.ErrBadAnswer) {
			t.Errorf("%v: %v", effect, err)
		}
	}
	unwritable := &jsonschema.Schema{Default: json.RawMessage("{")}
	for want, d := range map[string]definition{
		"input schema of x: ":  {input: unwritable, output: &jsonschema.Schema{}},
		"output schema of x: ": {input: &jsonschema.Schema{}, output: unwritable},
	} {
		if tool, err := d.tool("x"); tool != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, %v, want %s", tool, err, want)
		}
	}
	cause := errors.New("the cause")
	for name, c := range map[string]*clerkapi.Contact{"no contact": nil, "a contact": {ID: "k-1"}} {
		if a, err := answerOf(c, nil, cause); !errors.Is(err, cause) || (a.id == "k-1") != (c != nil) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestWordsForWhatThereIsNot(t *testing.T) {
	if s := Disposition(200).String(); s != "Disposition(200)" {
		t.Error(s)
	}
	if s := Outcome(200).String(); s != "Outcome(200)" {
		t.Error(s)
	}
}

func TestNamesOfOtherAPIsAreKnown(t *testing.T) {
	for meant, names := range map[string]string{
		"recipients": "to recipient toNumber to_numbers phone-numbers", "sender": "from from_number", "body": "text message content msg",
		"media_urls": "media mediaUrl attachments images", "contact_id": "id contact", "phone": "phone_number mobile tel number",
		"list_name": "list audience cohort group", "timestamp": "sendAt scheduled_at schedule time date", "inbox_ids": "inbox inboxId",
		"start": "since fromTime after", "end": "until before", "limit": "pageSize per_page count", "data": "metadata attributes customFields",
		"": "zzz",
	} {
		for name := range strings.FieldsSeq(names) {
			if got := synonym(plainName(name)); got != meant {
				t.Errorf("%s: %q, want %q", name, got, meant)
			}
		}
	}
	for n, meant := range map[int]string{40: "sender", 41: ""} {
		f := &fields{known: []string{"sender"}, problems: &problems{}}
		if got := f.meant("sender" + strings.Repeat("_", n-len("sender"))); got != meant {
			t.Errorf("%d bytes: %q", n, got)
		}
	}
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"a", ""}: 1, {"", "ab"}: 2, {"kitten", "sitting"}: 3, {"sender", "sendr"}: 1, {"abc", "abc"}: 0, {"abc", "xyz"}: 3, {"ab", "ba"}: 2,
	} {
		if got := editDistance(pair[0], pair[1]); got != want {
			t.Errorf("%q: %d, want %d", pair, got, want)
		}
	}
}

package mcpadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hugeText and friends are of what no API answers in earnest.
func hugeText() string { return strings.Repeat("x", 1<<20) }

func manyOf(n int, each func(i int) string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = each(i)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestNoResultIsLongerThanItsBound(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 500) + `1` + strings.Repeat(`}`, 500)
	wide := "{"
	for i := range 20_000 {
		wide += fmt.Sprintf(`"name %d":"value",`, i)
	}
	wide = strings.TrimSuffix(wide, ",") + "}"
	hidden := strings.Repeat("\u202e", 20_000)
	for name, change := range map[string]func(answer string) string{
		"long texts": func(a string) string {
			return strings.NewReplacer("See you at 2pm", hugeText(), "Jane", hugeText(), `"+15559876543"`, `"`+hugeText()+`"`, "c-1", hugeText()).Replace(a)
		},
		"long ids": func(a string) string {
			return strings.NewReplacer(`"id":12`, `"id":"`+hugeText()+`"`, "k-1", hugeText(), "i-1", hugeText()).Replace(a)
		},
		"many members": func(a string) string {
			return strings.Replace(a, `"+15559876543"`, strings.Trim(manyOf(20_000, func(i int) string { return fmt.Sprintf(`"+1555%07d"`, i) }), "[]"), 1)
		},
		"data of depth": func(a string) string { return strings.Replace(a, `{"plan":"premium"}`, deep, 1) },
		"data of width": func(a string) string { return strings.Replace(a, `{"plan":"premium"}`, wide, 1) },
		"hidden letters": func(a string) string {
			return strings.NewReplacer("See you at 2pm", hidden, "Jane Smith", hidden, `"Jane"`, `"`+hidden+`"`, "premium", hidden).Replace(a)
		},
	} {
		right := answersOf(t)
		tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
			answer, err := right(r)
			if err != nil || answer.ContentLength <= 0 {
				return answer, err
			}
			b := make([]byte, answer.ContentLength)
			_, _ = answer.Body.Read(b)
			return response(answer.StatusCode, change(string(b)))(r)
		})
		for i, c := range goodCalls() {
			r := tools.Call(t.Context(), c)
			if n := len(r.Result.Structured); n > maxResult || len(r.Result.Text) > maxResult+100 {
				t.Errorf("%s: %s has %d bytes: %.200s", name, c.Tool, n, r.Result.Text)
			}
			if r.Result.Structured != nil {
				conforms(t, name+" "+c.Tool, tools.Definitions()[i].OutputSchema.(json.RawMessage), r)
			}
		}
	}
}

// messagesAPI has n messages of a text, the newest first, so many in each second, and answers as
// REST does.
func messagesAPI(t *testing.T, n, perSecond int, body, more string) func(*http.Request) (*http.Response, error) {
	t.Helper()
	return func(r *http.Request) (*http.Response, error) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		page, _ := strconv.Atoi(q.Get("page"))
		end, err := time.Parse(time.RFC3339Nano, q.Get("end"))
		if err != nil {
			end = testNow()
		}
		var all []string
		for i := range n {
			at := testNow().Add(-time.Duration(i/perSecond) * time.Second)
			if at.After(end) {
				continue
			}
			all = append(all, fmt.Sprintf(`{"id":%d,"conversationId":"c-%d","sender":"+15551234567","members":["+15559876543"],"inbound":%v,`+
				`"seen":true,"status":"delivered","senderType":"user","segments":1,"timestamp":%q,"body":%q%s}`,
				i, i%7, i%2 == 1, at.Format(time.RFC3339), body, more))
		}
		from := min((page-1)*limit, len(all))
		return response(200, fmt.Sprintf(`{"data":[%s],"total":%d}`, strings.Join(all[from:min(from+limit, len(all))], ","), len(all)))(r)
	}
}

func pageOf(t *testing.T, r Report) messagePage {
	t.Helper()
	var page messagePage
	if err := json.Unmarshal(r.Result.Structured, &page); err != nil || r.Result.IsError || len(r.Result.Structured) > maxResult {
		t.Fatalf("%v, %d bytes: %.300s", err, len(r.Result.Structured), r.Result.Text)
	}
	return page
}

func TestPagesShowEveryMessageHoweverTheyAreCut(t *testing.T) {
	media := `,"mediaUrls":` + manyOf(10, func(i int) string { return fmt.Sprintf(`"https://a.example/%d/%s"`, i, strings.Repeat("p", 250)) })
	for name, tt := range map[string]struct {
		n, perSecond int
		body, more   string
		limit        int
	}{
		"short ones":                 {120, 1, "Hi", "", 50},
		"long bodies":                {120, 1, strings.Repeat("word ", 800), "", 50},
		"long emoji":                 {60, 1, strings.Repeat("😀", 1500), "", 50},
		"too much for a page":        {120, 1, "Hi", media, 50},
		"too much within one second": {120, 120, "Hi", media, 50},
		"too much in few seconds":    {120, 30, "Hi", media, 30},
	} {
		t.Run(name, func(t *testing.T) {
			tools, _ := newTools(t, messagesAPI(t, tt.n, tt.perSecond, tt.body, tt.more))
			arguments := map[string]any{"limit": tt.limit}
			seen := map[string]bool{}
			for calls := 0; ; calls++ {
				b, err := json.Marshal(arguments)
				if err != nil || calls > tt.n {
					t.Fatalf("%v after %d calls, %d seen", err, calls, len(seen))
				}
				page := pageOf(t, call(t, tools, "get_messages", string(b)))
				for _, c := range page.Conversations {
					for _, m := range c.Messages {
						seen[string(m.ID)] = true
					}
				}
				if !page.HasMore {
					break
				}
				arguments["page"] = page.NextPage
				if !page.NextEnd.IsZero() {
					arguments["end"] = page.NextEnd
				}
				if page.NextLimit > 0 {
					arguments["limit"] = page.NextLimit
				}
			}
			if len(seen) != tt.n {
				t.Errorf("%d of %d messages were shown", len(seen), tt.n)
			}
		})
	}
}

func TestLongBodiesAreShortenedWithAMark(t *testing.T) {
	tools, _ := newTools(t, messagesAPI(t, 50, 1, strings.Repeat("é", 4096), ""))
	page := pageOf(t, call(t, tools, "get_messages", `{}`))
	if m := page.Conversations[0].Messages[0]; m.Body != strings.Repeat("é", shortBody) || m.LeftOut != 4096-shortBody ||
		!strings.Contains(page.Note, "Long bodies are shortened") {
		t.Errorf("%d left out of %d bytes: %s", m.LeftOut, len(m.Body), page.Note)
	}
	page = pageOf(t, call(t, tools, "get_messages", `{"limit":4}`))
	if m := page.Conversations[0].Messages[0]; len(m.Body) != 2*4096 || m.LeftOut != 0 || strings.Contains(page.Note, "shortened") {
		t.Errorf("%d left out of %d bytes: %s", m.LeftOut, len(m.Body), page.Note)
	}
}

func TestMessagesAreGroupedByConversation(t *testing.T) {
	message := func(id int, second int, conversation, from, to string, inbound bool, more string) string {
		return fmt.Sprintf(`{"id":%d,"conversationId":%q,"inboxId":"i","sender":%q,"members":[%q],"inbound":%v,"seen":%v,"senderType":"user",`+
			`"status":"delivered","segments":1,"timestamp":"2026-11-23T10:00:%02dZ","body":"Hi"%s}`, id, conversation, from, to, inbound, !inbound, second, more)
	}
	const ours, jane, ana = "+15551234567", "+15559876543", "+15559876544"
	tools, _ := newTools(t, response(200, `{"total":5,"data":[`+strings.Join([]string{
		message(1, 10, "a", ours, jane, false, ""), message(2, 30, "b", ana, ours, true, `,"mediaUrls":["https://a.example/1.jpg"]`),
		message(3, 20, "a", jane, ours, true, ""), message(3, 20, "a", jane, ours, true, ""), message(4, 5, "b", ours, ana, false, ""),
	}, ",")+`]}`))
	r := call(t, tools, "get_messages", `{}`)
	const want = `"conversations":[{"conversation_id":"b","inbox_id":"i","sent_from":"+15551234567","received_from":"+15559876544","messages":[` +
		`{"id":"2","timestamp":"2026-11-23T10:00:30Z","inbound":true,"body":"Hi","media":["https://a.example/1.jpg"],"unseen":true},` +
		`{"id":"4","timestamp":"2026-11-23T10:00:05Z","body":"Hi"}]},` +
		`{"conversation_id":"a","inbox_id":"i","sent_from":"+15551234567","received_from":"+15559876543","messages":[` +
		`{"id":"3","timestamp":"2026-11-23T10:00:20Z","inbound":true,"body":"Hi","unseen":true},{"id":"1","timestamp":"2026-11-23T10:00:10Z","body":"Hi"}]}]}`
	if !strings.HasSuffix(r.Result.Text, want) {
		t.Errorf("%s\nwant %s", r.Result.Text, want)
	}
}

func TestALargeBatchTellsCountsFailuresAndTheFirstIDs(t *testing.T) {
	const many = 5000
	parts := 0
	made := creating(t, new([]int))
	for name, tt := range map[string]struct {
		size, created int
		says          string
		answer        func(*http.Request) (*http.Response, error)
	}{
		"all are created": {100, many, "Of 5000 ids the first 500 are shown.", made},
		"each second part is refused": {1, many / 2, "Of 2500 ranges in problems the first", func(r *http.Request) (*http.Response, error) {
			if parts++; parts%2 == 0 {
				return response(422, `{"message":"`+strings.Repeat("no ", 150)+strconv.Itoa(parts)+`"}`)(r)
			}
			return made(r)
		}},
	} {
		tools, _ := newTools(t, tt.answer, func(o *Options) { o.BatchSize, o.MaxContacts = tt.size, many })
		r := call(t, tools, "create_contacts_batch", batchOf(many, ""))
		var b batchResult
		if err := json.Unmarshal(r.Result.Structured, &b); err != nil || len(r.Result.Structured) > maxResult {
			t.Fatalf("%s: %v, %d bytes", name, err, len(r.Result.Structured))
		}
		if b.Created != tt.created || len(b.IDs) > 500 || b.IDs[0] != "id of contact 0" || !strings.Contains(b.Note, tt.says) {
			t.Errorf("%s: %d created, %d ids: %s", name, b.Created, len(b.IDs), b.Note)
		}
		if !strings.HasPrefix(string(r.Result.Structured), `{"note":"`) {
			t.Errorf("%s: %.200s", name, r.Result.Structured)
		}
		conforms(t, name, definitionOf(tools, "create_contacts_batch"), r)
	}
}

func TestFiveHundredContactsHaveAllTheirIDs(t *testing.T) {
	tools, _ := newTools(t, creating(t, new([]int)))
	b := resultOf(t, call(t, tools, "create_contacts_batch", batchOf(500, "")))
	if len(b.IDs) != 500 || b.Note != "" || slices.Contains(b.IDs, "") {
		t.Errorf("%d ids: %s", len(b.IDs), b.Note)
	}
}

// A record of before answers as it did, within the bound.
func TestRecordsOfBeforeAreReplayed(t *testing.T) {
	old := Result{Structured: json.RawMessage(`{"id":"12","sender":"+15551234567","recipients":["+15559876543"]}`)}
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: Replayed, Result: old, At: testNow()} })
	tools, _ := newTools(t, nil, remember)
	if r := call(t, tools, "send_message", keyedSend); r.Result.IsError || !strings.HasSuffix(r.Result.Text, string(old.Structured[1:])) {
		t.Error(r.Result.Text)
	}
}

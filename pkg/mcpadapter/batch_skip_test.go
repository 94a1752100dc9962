package mcpadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// rowsOf are n contacts, of which those at these positions have a phone that is not one.
func rowsOf(n int, wrong ...int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"name":"contact %d"}`, i)
		if slices.Contains(wrong, i) {
			rows[i] = fmt.Sprintf(`{"name":"contact %d","phone":"555 1234"}`, i)
		}
	}
	return `"contacts":[` + strings.Join(rows, ",") + `]`
}

func TestTheSameMistakeIsToldOnceWithAllPositions(t *testing.T) {
	tools, far := newTools(t, answersOf(t))
	for arguments, want := range map[string]string{
		rowsOf(60, 3, 4, 5, 40): `contacts[3-5, 40].phone (4 of them) has no country code`,
		`"contacts":[{"Name":"A","Phone":"1"},{"Name":"B","Phone":"2"},{"name":"C"}]`: `contacts[0-1]."Name" is not an argument of this tool: did you mean name?`,
		`"contacts":[{"phone":"447911123456"},{"phone":"33612345678"},{"phone":"+14155550101"}]`: `contacts[0-1].phone lacks the + in front of the country code: ` +
			`write it, such as "+447911123456" for the first of them`,
		`"contacts":[1,{"name":"A"},2]`: `contacts[0, 2] must be an object`,
	} {
		r := call(t, tools, "create_contacts_batch", `{`+arguments+`}`)
		if !strings.Contains(r.Result.Text, "\n- "+want) || len(far.sent()) > 0 || !r.Result.NoEffect {
			t.Errorf("%s\nwant %s", r.Result.Text, want)
		}
	}
}

func TestInvalidRowsAreSkippedWhereTheCallerSaysSo(t *testing.T) {
	var sizes []int
	m, remember := remembering(attempted)
	tools, _ := newTools(t, creating(t, &sizes), remember, func(o *Options) { o.BatchSize = 3 })
	r := call(t, tools, "create_contacts_batch", `{"on_invalid":"skip",`+rowsOf(9, 1, 3, 4, 5, 8)+`}`)
	b := resultOf(t, r)
	if r.Result.IsError || b.Created != 4 || b.Skipped != 5 || !slices.Equal(sizes, []int{2, 2}) || len(m.works) != 3 {
		t.Errorf("%v, %d works: %s", sizes, len(m.works), r.Result.Text)
	}
	for i, c := range b.Contacts {
		if want := fmt.Sprint("id of contact ", i); c.Result == contactCreated && string(c.ID) != want {
			t.Errorf("%d is %s", i, c.ID)
		}
		if skipped := slices.Contains([]int{1, 3, 4, 5, 8}, i); skipped != (c.Result == contactSkipped) {
			t.Errorf("%d is %s", i, c.Result)
		}
	}
	if p := b.Problems; len(p) != 3 || p[1].First != 3 || p[1].Last != 5 || !strings.HasPrefix(p[1].Reason, "phone has no country code") {
		t.Errorf("%+v", p)
	}
	conforms(t, "batch", definitionOf(tools, "create_contacts_batch"), r)
	// With none that is right it is as without the argument.
	if r := call(t, tools, "create_contacts_batch", `{"on_invalid":"skip",`+rowsOf(3, 0, 1, 2)+`}`); r.Facts.Outcome != OutcomeInvalid ||
		!strings.Contains(r.Result.Text, "contacts[0-2].phone (3 of them)") {
		t.Errorf("%s", r.Result.Text)
	}
}

// All rows and the argument are what is asked for: without one of them it is another call.
func TestSkippedRowsAreInTheDigest(t *testing.T) {
	digests := map[[32]byte]string{}
	for _, arguments := range []string{
		rowsOf(3), rowsOf(3) + `,"on_invalid":"skip"`, rowsOf(3, 1) + `,"on_invalid":"skip"`, rowsOf(3, 2) + `,"on_invalid":"skip"`,
		rowsOf(4, 2) + `,"on_invalid":"skip"`,
	} {
		m, remember := remembering(attempted)
		tools, _ := newTools(t, answersOf(t), remember)
		call(t, tools, "create_contacts_batch", `{`+arguments+`}`)
		if other, same := digests[m.works[0].Digest]; same {
			t.Errorf("%s and %s are one call", other, arguments)
		}
		digests[m.works[0].Digest] = arguments
	}
}

// recording keeps what parts came to, as a store does for calls under one key, and fails for what
// is not the same call.
type recording struct {
	t     *testing.T
	kept  map[int]Result
	given [32]byte
}

func (r *recording) Begin(op Operation) Execution { return scripted(r.do).Begin(op) }

func (r *recording) do(ctx context.Context, w task) Verdict {
	if kept, ok := r.kept[w.Part]; ok {
		if w.Given != r.given {
			r.t.Error("it is another call")
		}
		return Verdict{State: Replayed, Result: kept, At: testNow(), Earlier: true}
	}
	made := w.Attempt(ctx, func(context.Context) error { return nil })
	r.kept[w.Part], r.given = made.Result, w.Given
	return Verdict{State: Executed, Result: made.Result}
}

// The rules that a row broke may be gone after an upgrade: a replay tells of it, and creates
// nothing.
func TestARowThatIsTakenByNowIsNotCreatedByAReplay(t *testing.T) {
	var sizes []int
	store := &recording{t: t, kept: map[int]Result{}}
	tools, far := newTools(t, creating(t, &sizes), func(o *Options) { o.Idempotency, o.BatchSize = store, 2 })
	arguments := `{"on_invalid":"skip","idempotency_key":"k",` + rowsOf(5, 1, 2, 3) + `}`
	call(t, tools, "create_contacts_batch", arguments)
	if len(far.sent()) != 2 || len(store.kept) != 3 {
		t.Fatalf("%d requests, %d parts", len(far.sent()), len(store.kept))
	}
	p, wrong := tools.tools["create_contacts_batch"].prepare(tools, json.RawMessage(arguments))
	if wrong != "" {
		t.Fatal(wrong)
	}
	rows := p.request.(*createContacts).rows
	for i := range rows { // by later rules
		rows[i].wrong, rows[i].raw, rows[i].fields.Name = "", nil, fmt.Sprint("contact ", i)
	}
	p.request = newCreateContacts(rows, 0, true)
	c := Call{Tool: "create_contacts_batch", Arguments: json.RawMessage(arguments), IdempotencyKey: "k"}
	r := executeBatch(t.Context(), tools, tools.tools[c.Tool], p, c, &hold{writes: &tools.writes})
	b := resultOf(t, r)
	if len(far.sent()) != 2 || b.Created != 2 || b.Skipped != 3 || b.Problems[0].First != 1 || b.Problems[0].Last != 3 ||
		!strings.Contains(b.Problems[0].Reason, "is taken by now: give it in a new call") {
		t.Errorf("%d requests: %s", len(far.sent()), r.Result.Text)
	}
}

func TestErrorsOfTheAPIPointAtTheCallersRows(t *testing.T) {
	for _, tt := range []struct{ arguments, says, want string }{
		{rowsOf(250), `{"message":["contacts.7.phone must be a phone number"]}`, `contacts[107].phone must be a phone number`},
		{rowsOf(250), `{"errors":{"contacts[7].email":["is taken"]}}`, `contacts[107].email: is taken`},
		{rowsOf(250), `{"message":"/contacts/7/phone: wrong"}`, `/contacts[107]/phone: wrong`},
		{rowsOf(250, 102, 105) + `,"on_invalid":"skip"`, `{"message":"contacts.7.phone"}`, `contacts[109].phone`},
		{rowsOf(250), `{"message":"contacts.100.phone; 7 contacts"}`, `contacts.100.phone; 7 contacts`},
	} {
		n := 0
		tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
			if n++; n == 2 {
				return response(422, tt.says)(r)
			}
			return creating(t, new([]int))(r)
		}, func(o *Options) { o.BatchSize = 100 })
		r := call(t, tools, "create_contacts_batch", `{`+tt.arguments+`}`)
		if !strings.Contains(r.Result.Text, tt.want) {
			t.Errorf("%s: %.600s", tt.says, r.Result.Text)
		}
	}
}

// A slow answer of the store or the API does not end a batch while there is time.
func TestABatchTriesAgainWithinItsTime(t *testing.T) {
	for _, tt := range []struct {
		name            string
		down            int // tries for which the store cannot be reached
		status          int
		header          []string
		failing, tries  int
		room            int // pauses for which there is time
		created, pauses int
		longest         time.Duration
	}{
		{name: "the store", down: 2, room: 9, created: 4, pauses: 2, longest: time.Second},
		{name: "the store, for too long", down: 99, room: 5, created: 0, pauses: 5, longest: maxPause},
		{name: "the API is overloaded", status: 429, failing: 1, room: 9, created: 4, pauses: 1, longest: firstPause},
		{name: "the API asks for time", status: 429, header: []string{"Retry-After", "7"}, failing: 1, room: 9, created: 4, pauses: 1, longest: 7 * time.Second},
		{name: "the API refuses", status: 422, failing: 1, room: 9, created: 2, pauses: 0},
		{name: "nobody may do it", status: 403, failing: 1, room: 9, created: 0, pauses: 0},
		{name: "it may have been done", status: 500, failing: 1, room: 9, created: 2, pauses: 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			failing, down := tt.failing, tt.down
			_, remember := remembering(func(ctx context.Context, w task) Verdict {
				if down > 0 {
					down--
					return Verdict{State: StoreDown}
				}
				return attempted(ctx, w)
			})
			tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
				if failing > 0 {
					failing--
					return response(tt.status, `{}`, tt.header...)(r)
				}
				return creating(t, new([]int))(r)
			}, remember, func(o *Options) { o.BatchSize = 2 })
			var pauses []time.Duration
			tools.pause = func(_ context.Context, wait time.Duration) bool {
				if len(pauses) == tt.room {
					return false
				}
				pauses = append(pauses, wait)
				return true
			}
			r := call(t, tools, "create_contacts_batch", `{`+rowsOf(4)+`}`)
			var b toldBatch
			if r.Result.Structured != nil {
				b = resultOf(t, r)
			}
			if b.Created != tt.created || len(pauses) != tt.pauses || tt.pauses > 0 && slices.Max(pauses) != tt.longest {
				t.Errorf("%d created, pauses of %v: %s", b.Created, pauses, r.Result.Text)
			}
		})
	}
}

func TestAPauseEndsWithTheTimeOfItsCall(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	if pauseWithin(ctx, 2*time.Hour) || !pauseWithin(ctx, 0) || !pauseWithin(t.Context(), 1) {
		t.Error("a pause is made that is too long, or none for which there is time")
	}
	cancel()
	if pauseWithin(ctx, time.Millisecond) {
		t.Error("a call that is over pauses")
	}
}

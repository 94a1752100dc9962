package mcpadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// batchOf is the arguments of a batch of n contacts, named from 0.
func batchOf(n int, more string) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`{"name":"contact %d"}`, i)
	}
	return `{"contacts":[` + strings.Join(names, ",") + `]` + more + `}`
}

// creating answers a batch with one contact for each of the request, and tells how many those were.
func creating(t *testing.T, sizes *[]int) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		var body struct{ Contacts []struct{ Name string } }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		*sizes = append(*sizes, len(body.Contacts))
		made := make([]string, len(body.Contacts))
		for i, c := range body.Contacts {
			made[i] = fmt.Sprintf(`{"id":"id of %[1]s","name":"%[1]s"}`, c.Name)
		}
		return response(201, `{"data":[`+strings.Join(made, ",")+`]}`)(r)
	}
}

// toldBatch is the result of a batch with what it says of each contact.
type toldBatch struct {
	batchResult
	Contacts []batchContact
}

// resultOf reads a result: a contact is created unless a problem says otherwise. There is an id for
// each, or, if none was created, no id at all.
func resultOf(t *testing.T, r Report) toldBatch {
	t.Helper()
	var b toldBatch
	if err := json.Unmarshal(r.Result.Structured, &b.batchResult); err != nil {
		t.Fatalf("%v: %.300s", err, r.Result.Text)
	}
	n := b.Created + b.Failed + b.Skipped + b.Unknown + b.NotAttempted
	b.Contacts = make([]batchContact, n)
	for i := range b.Contacts {
		b.Contacts[i].Result = contactCreated
		if i < len(b.IDs) {
			b.Contacts[i].ID = b.IDs[i]
		}
	}
	for _, p := range b.Problems {
		for i := p.First; i <= p.Last; i++ {
			b.Contacts[i].Result = p.Result
		}
	}
	for _, i := range b.OptedOut {
		b.Contacts[i].OptOut = true
	}
	return b
}

func TestABatchGoesInPartsEachOfWhichIsAWork(t *testing.T) {
	var sizes []int
	m, remember := remembering(attempted)
	tools, _ := newTools(t, creating(t, &sizes), remember, func(o *Options) { o.BatchSize = 100 })
	var progress []int
	r := tools.Call(t.Context(), Call{
		Tool: "create_contacts_batch", Arguments: json.RawMessage(batchOf(250, "")), IdempotencyKey: "k",
		Progress: func(done, total int, message string) {
			progress = append(progress, done, total)
			if want := fmt.Sprintf("%d of %d contacts are done.", done, total); message != want {
				t.Errorf("progress says %q, want %q", message, want)
			}
		},
	})
	if r.Result.IsError || r.Facts.Disposition != DispositionExecuted || r.Facts.Attempts != 3 {
		t.Errorf("%.200s, %+v", r.Result.Text, r.Facts)
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) || !slices.Equal(progress, []int{100, 250, 200, 250, 250, 250}) {
		t.Errorf("parts of %v, progress %v", sizes, progress)
	}
	b := resultOf(t, r)
	if b.Created != 250 || len(b.Contacts) != 250 || b.Contacts[249].ID != "id of contact 249" {
		t.Errorf("created %d of %d", b.Created, len(b.Contacts))
	}
	for i, w := range m.works {
		if w.Part != i+1 || w.Key != "k" || w.Digest != m.works[0].Digest {
			t.Errorf("work %d = part %d, key %q", i, w.Part, w.Key)
		}
	}
	conforms(t, "batch", definitionOf(tools, "create_contacts_batch"), r)
}

func definitionOf(tools *Tools, name string) json.RawMessage {
	for _, d := range tools.Definitions() {
		if d.Name == name {
			return d.OutputSchema.(json.RawMessage)
		}
	}
	return nil
}

func TestPartsOfAnotherSizeAreAnotherWork(t *testing.T) {
	var digests [][32]byte
	for _, size := range []int{2, 3} {
		var sizes []int
		m, remember := remembering(attempted)
		tools, _ := newTools(t, creating(t, &sizes), remember, func(o *Options) { o.BatchSize = size })
		call(t, tools, "create_contacts_batch", batchOf(4, ""))
		digests = append(digests, m.works[0].Digest)
	}
	if digests[0] == digests[1] {
		t.Error("a part of two and one of three contacts pass for the same")
	}
}

// byPart answers each part with its own finding; a nil one makes the attempt.
func byPart(findings ...*Verdict) func(context.Context, task) Verdict {
	return func(ctx context.Context, w task) Verdict {
		if f := findings[w.Part-1]; f != nil {
			return *f
		}
		return attempted(ctx, w)
	}
}

func TestABatchTellsWhatBecameOfEachContact(t *testing.T) {
	done := &Verdict{State: Replayed, At: testNow(), Result: Result{Structured: json.RawMessage(
		`{"contacts":[{"result":"created","id":"a"},{"result":"created","id":"b"}]}`)}}
	lost := &Verdict{State: Indeterminate, Earlier: true}
	elsewhere := &Verdict{State: InProgress}
	noMemory := &Verdict{State: StoreDown}
	tests := []struct {
		name     string
		findings []*Verdict
		want     string // first letters of the results
		outcome  Outcome
		path     Disposition
		sent     int
		says     []string
	}{
		{"all done before", []*Verdict{done, done, done}, "cccccc", OutcomeOK, DispositionReplayed, 0, nil},
		{"the rest is done now", []*Verdict{done, done, nil}, "cccccc", OutcomeOK, DispositionExecuted, 1, nil},
		{"one part was lost, and the rest goes on", []*Verdict{done, lost, nil}, "ccuucc", OutcomeUnknown, DispositionIndeterminate, 1,
			[]string{"Of 6 contacts 4 are created; to give these again", "2 may have been created", "Under the same idempotency_key they are not tried"}},
		{"another is at it", []*Verdict{done, elsewhere, nil}, "ccuuuu", OutcomeUnavailable, DispositionInProgress, 0,
			[]string{"4 are being created by another request", "Make the same call with the same idempotency_key again in a few seconds"}},
		{"what was refused is corrected, and the rest is as it was", []*Verdict{nil, {State: KeyReused}, nil}, "ccuuuu", OutcomeUnknown,
			DispositionIndeterminate, 1, []string{"other arguments had this part", "4 may have been created"}},
		{"nothing can be done", []*Verdict{{State: InProgress}, nil, nil}, "uuuuuu", OutcomeUnavailable, DispositionInProgress, 0,
			[]string{"6 are being created"}},
		{"the memory is away in the middle", []*Verdict{nil, noMemory, nil}, "ccnnnn", OutcomeFailed, DispositionExecuted, 1,
			[]string{"4 were not tried", "goes on with these"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sizes []int
			_, remember := remembering(byPart(tt.findings...))
			tools, _ := newTools(t, creating(t, &sizes), remember, func(o *Options) { o.BatchSize = 2 })
			r := call(t, tools, "create_contacts_batch", batchOf(6, `,"idempotency_key":"k"`))
			var got strings.Builder
			for _, c := range resultOf(t, r).Contacts {
				got.WriteByte(c.Result[0])
			}
			if got.String() != tt.want || r.Facts.Outcome != tt.outcome || r.Facts.Disposition != tt.path || len(sizes) != tt.sent {
				t.Errorf("%s, %v, %v, %d sent; want %s, %v, %v, %d\n%s", &got, r.Facts.Outcome, r.Facts.Disposition, len(sizes),
					tt.want, tt.outcome, tt.path, tt.sent, r.Result.Text)
			}
			if r.Result.IsError != (tt.says != nil) {
				t.Errorf("error: %v", r.Result.IsError)
			}
			conforms(t, tt.name, definitionOf(tools, "create_contacts_batch"), r)
			if marked := strings.Contains(r.Result.Text, `"replayed_at":"2026-11-23T10:00:00Z"`); marked != (tt.path == DispositionReplayed) {
				t.Errorf("marked as replayed: %v\n%s", marked, r.Result.Text)
			}
			for _, says := range tt.says {
				if !strings.Contains(r.Result.Text, says) {
					t.Errorf("%s\nwant %q in it", r.Result.Text, says)
				}
			}
		})
	}
}

func TestABatchWhoseKeyMayNotBeUsedIsRefusedAsAWhole(t *testing.T) {
	for _, state := range []State{KeyReused, StoreDown, StoreReset} {
		var sizes []int
		_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: state} })
		tools, _ := newTools(t, creating(t, &sizes), remember, func(o *Options) { o.BatchSize = 2 })
		r := call(t, tools, "create_contacts_batch", batchOf(6, ""))
		if !r.Result.NoEffect || r.Result.Structured != nil || r.Facts.Disposition != DispositionNotExecuted || len(sizes) != 0 {
			t.Errorf("state %d: %+v", state, r)
		}
	}
}

// unreadable stands for an answer that says that contacts were created, and not which.
const unreadable = -1

// answersInTurn gives one status after the other, 201 for what creates.
func answersInTurn(t *testing.T, statuses ...int) func(*http.Request) (*http.Response, error) {
	var sizes []int
	return func(r *http.Request) (*http.Response, error) {
		status := statuses[0]
		statuses = statuses[1:]
		switch status {
		case 201:
			return creating(t, &sizes)(r)
		case unreadable:
			return response(201, `{"data":[{"id":`)(r)
		}
		return response(status, "")(r)
	}
}

func TestAPartThatFailsStopsTheRestOnlyIfTheyWouldFareNoBetter(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int
		want     string
	}{
		{"a mistake in one part", []int{201, 422, 201, 201, 201}, "cfccc"},
		{"a mistake in one part, told by 400", []int{201, 400, 201, 201, 201}, "cfccc"},
		{"an answer that cannot be read", []int{201, unreadable, 201, 201, 201}, "cuccc"},
		{"an outcome that is not known", []int{201, 503, 201, 201, 201}, "cuccc"},
		{"no answers at all", []int{500, 500, 500}, "uuunn"},
		{"too many requests", []int{201, 429}, "cnnnn"},
		{"a key that is refused", []int{201, 401}, "cnnnn"},
		{"no rights", []int{403}, "nnnnn"},
		{"mistakes in all", []int{422, 422, 422, 422, 422}, "fffff"},
		{"as much done as is not known", []int{201, 500, 422, 422, 422}, "cufff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tools, _ := newTools(t, answersInTurn(t, tt.statuses...), func(o *Options) { o.BatchSize = 1 })
			r := call(t, tools, "create_contacts_batch", batchOf(5, ""))
			var got strings.Builder
			for _, c := range resultOf(t, r).Contacts {
				got.WriteByte(c.Result[0])
			}
			if got.String() != tt.want {
				t.Errorf("%s; want %s\n%s", &got, tt.want, r.Result.Text)
			}
			if nothing := !strings.ContainsAny(tt.want, "cu"); r.Result.NoEffect != nothing {
				t.Errorf("no effect: %v, want %v", r.Result.NoEffect, nothing)
			}
		})
	}
}

func TestBatchStopsBetweenItsPartsAndSaysWhatWasDone(t *testing.T) {
	for name, tt := range map[string]struct {
		stop   func(cancel func(), tools *Tools)
		reason string
	}{
		"the client goes away": {func(cancel func(), _ *Tools) { cancel() }, "The call ended before it was this contact's turn."},
		"the process stops":    {func(_ func(), tools *Tools) { tools.Stop() }, "This server is about to stop."},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var sizes []int
			made := creating(t, &sizes)
			var tools *Tools
			tools, _ = newTools(t, func(r *http.Request) (*http.Response, error) {
				if len(sizes) == 1 {
					tt.stop(cancel, tools) // in the middle of the second part, which is finished
				}
				return made(r)
			}, func(o *Options) { o.BatchSize = 1 })
			r := tools.Call(ctx, Call{Tool: "create_contacts_batch", Arguments: json.RawMessage(batchOf(4, ""))})
			got := resultOf(t, r).batchResult
			got.Note = ""
			want := batchResult{
				Created: 2, NotAttempted: 2,
				Problems: []batchProblem{{Result: "not_attempted", First: 2, Last: 3, Reason: tt.reason}},
				IDs:      []clerkapi.ID{"id of contact 0", "id of contact 1", "", ""},
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(batchResult{})); diff != "" || len(sizes) != 2 {
				t.Errorf("%d parts; (-want +got)\n%s", len(sizes), diff)
			}
		})
	}
}

package idempotency_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// open seals nothing, so that what is in the store can be anything.
type open struct{}

func (open) Seal(plaintext, _ []byte) []byte { return plaintext }

func (open) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func TestAnInvalidRecordIsNotReplayed(t *testing.T) {
	for _, value := range []string{`{"p":"refused"}`, `{"p":"done"}`, `{"p":"over","a":"x"}`, `{"p":"prepared"}`, `{}`, ``, `rubbish`} {
		inTime(t, func(t *testing.T) {
			s, p := running(t, 1, func(o *idempotency.Options) { o.Sealer = open{} })
			var a api
			want(t, p[0], a.message("k", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
			_, _, _ = s.part(operations).GetSet(t.Context(), s.names(operations)[0], []byte(value), time.Hour)
			want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Indeterminate)
			a.wantMade(t, "k", 0)
		})
	}
}

// FuzzStoredRecords has each part of the store hold foreign bytes. Nothing of it may break a call,
// or have it tell or do what it must not.
func FuzzStoredRecords(f *testing.F) {
	for i, seed := range []string{
		`{"p":"prepared","a":"x","r":"y","t":"send_message","d":"","b":"2000-01-01T00:00:00Z"}`,
		`{"p":"done","a":"x","w":{"s":"e30="}}`, `{"p":"committed","a":""}`, `{"p":"over","a":"x"}`, `{}`, `null`, ``, `[]`, `{"p":"refused","a":"x"}`,
		`[{"a":"x","r":"y","s":"2000-01-01T00:00:00Z"},{"u":true}]`, `[null]`, `{"id":"x","born":"2000-01-01T00:00:00Z"}`,
		`{"id":"x","lost":"2000-01-01T00:00:00Z"}`, "\xff",
	} {
		f.Add(uint8(i), []byte(seed))
		f.Add(uint8(i+1), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, where uint8, value []byte) {
		synctest.Test(t, func(t *testing.T) {
			s, p := running(t, 1, func(o *idempotency.Options) { o.Sealer = open{} })
			var a api
			w := a.message("k", "text", outcome{cut: true})
			if do(t.Context(), p[0], w).State != mcpadapter.Reconciled {
				t.Fatal("it does not work")
			}
			want(t, p[0], a.message("l", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
			part := []string{operations, fingerprints, claims, epochs}[where%4]
			for _, name := range s.names(part) {
				_, _, _ = s.part(part).GetSet(t.Context(), name, value, time.Hour)
			}
			if part == operations && undone(value) {
				return // it says that nothing was done
			}
			w.Attempt = a.message("k", "text", outcome{}).Attempt
			found := do(t.Context(), p[0], w)
			if n := len(a.by("k")); n != 1 {
				t.Errorf("%s is %q: made %d times, told %s", part, value, n, stateName(found.State))
			}
			do(t.Context(), p[0], a.message("m", "text", outcome{cut: true}))
		})
	})
}

// undone tells whether a record is one of what may be done.
func undone(value []byte) bool {
	var r struct {
		P, A string
	}
	return json.Unmarshal(value, &r) == nil && (r.P == "prepared" || r.P == "refused") && r.A != ""
}

package clerkapi_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

var (
	farAway = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	noJSON  = map[string]any{"n": math.NaN()}
)

func TestAnIDIsReadFromNumbersAndStringsDigitByDigit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]clerkapi.ID{
		`1`: "1", `"1"`: "1", `null`: "", `""`: "", `12345678901234567890123`: "12345678901234567890123",
		`"5d0e8d03-d09f-47e5-8017-4d00cbf737f4"`: "5d0e8d03-d09f-47e5-8017-4d00cbf737f4", `"a\u0062"`: "ab",
	} {
		var got clerkapi.ID
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s is read as %q, error %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{`true`, `{}`, `[1]`} {
		var got clerkapi.ID
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s is read as %q, want an error", in, got)
		}
	}
}

func FuzzID(f *testing.F) {
	for _, seed := range []string{`1`, `"1"`, `null`, `-0.5e10`, `"\ud800"`, `{`, ``, `tru`, `1 2`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var id clerkapi.ID
		_ = id.UnmarshalJSON(data) // must not panic on what no decoder would hand over
		if json.Unmarshal(data, &id) != nil {
			return
		}
		written, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		var again clerkapi.ID
		if err := json.Unmarshal(written, &again); err != nil || again != id {
			t.Errorf("%s is read as %q, written as %s and read again as %q, error %v", data, id, written, again, err)
		}
	})
}

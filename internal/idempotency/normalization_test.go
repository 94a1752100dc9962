package idempotency_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// record writes a record of a keyed operation as the version before did: without what came later.
func (f previous) record(t *testing.T, w task, phase string, more string) {
	t.Helper()
	b, err := json.Marshal([]any{[]byte("key"), []byte(w.Subject), []byte(w.Key), w.Part})
	if err != nil {
		t.Fatal(err)
	}
	name := base64.RawURLEncoding.EncodeToString(f.keys.MAC("once").Digests(b)[0][:16])
	golden := fmt.Sprintf(`{"p":%q,"a":"ITS-ATTEMPT","r":"ITS-PROCESS","t":%q,"d":%q,"b":%q,"w":{"s":"eyJpZCI6Im0wIn0="}%s}`,
		phase, w.Tool, base64.StdEncoding.EncodeToString(w.Digest[:]), time.Now().UTC().Format(time.RFC3339), more)
	if added, err := f.s.part(operations).SetNX(t.Context(), name, f.keys.Sealer("once").Seal([]byte(golden), []byte(name)), time.Hour); !added {
		t.Fatalf("the record was not written: %v", err)
	}
}

// A key that was used before an upgrade gets its result, though the arguments have another normal
// form now.
func TestARepeatAfterANormalizationChangedIsReplayed(t *testing.T) {
	was, is, given := sha256.Sum256([]byte("as before")), sha256.Sum256([]byte("as now")), sha256.Sum256([]byte("as given"))
	asGiven := `,"g":"` + base64.StdEncoding.EncodeToString(given[:]) + `"`
	for _, tt := range []struct {
		name, phase, more string
		former, given     [32]byte
		want              mcpadapter.State
	}{
		{"done, and the former digest is known", "done", "", was, given, mcpadapter.Replayed},
		{"done, and the arguments are the same", "done", asGiven, [32]byte{}, given, mcpadapter.Replayed},
		{"done, with other arguments", "done", "", sha256.Sum256([]byte("other")), given, mcpadapter.KeyReused},
		{"done, with other arguments as given", "done", asGiven, [32]byte{}, was, mcpadapter.KeyReused},
		{"done, and nothing is known of before", "done", "", [32]byte{}, [32]byte{}, mcpadapter.KeyReused},
		{"without an answer", "unknown", "", was, given, mcpadapter.Indeterminate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				w := a.message("k", "text", outcome{})
				w.Digest = was
				previousVersion(t, s).record(t, w, tt.phase, tt.more)
				a.make("text", "a replica of before")
				w.Digest, w.Former, w.Given = is, tt.former, tt.given
				f := want(t, p[0], w, tt.want)
				if tt.want == mcpadapter.Replayed && f.Result.Text != `{"id":"m0"}` {
					t.Errorf("%+v", f)
				}
				a.wantMade(t, "k", 0)
			})
		})
	}
}

func TestWhatThisVersionRecordsIsRecognizedByItsArguments(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		w := a.message("k", "text", outcome{})
		w.Given = sha256.Sum256([]byte("as given"))
		want(t, p[0], w, mcpadapter.Executed)
		w.Digest = sha256.Sum256([]byte("as a later version has it"))
		want(t, p[0], w, mcpadapter.Replayed)
		a.wantMade(t, "k", 1)
	})
}

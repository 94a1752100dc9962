package idempotency_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// previous is what a replica of the previous version writes and reads, beside replicas of this one.
type previous struct {
	s    *memStore
	keys *seal.Keyring
}

func previousVersion(t *testing.T, s *memStore) previous {
	t.Helper()
	keys, err := seal.New(secretA)
	if err != nil {
		t.Fatal(err)
	}
	return previous{s, keys}
}

func (f previous) name(parts ...[]byte) string {
	b, _ := json.Marshal(parts)
	return base64.RawURLEncoding.EncodeToString(f.keys.MAC("once").Digests(b)[0][:16])
}

func (f previous) claim(t *testing.T, id, attempt string) {
	t.Helper()
	if added, _ := f.s.part(claims).SetNX(t.Context(), f.name([]byte("claim"), []byte(id)), []byte(attempt), 25*time.Hour); !added {
		t.Errorf("%s is claimed", id)
	}
}

// list writes the open attempts of a fingerprint as the previous version does.
func (f previous) list(t *testing.T, w task, standing string) {
	t.Helper()
	name := f.name([]byte("likeness"), w.Fingerprint[:])
	_, _, _ = f.s.part(fingerprints).GetSet(t.Context(), name, f.keys.Sealer("once").Seal([]byte(standing), []byte(name)), 25*time.Hour)
}

func TestClaimsOfThePreviousVersionCount(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		previousVersion(t, s).claim(t, a.make("text", "a replica of before"), "ITS-ATTEMPT")
		want(t, p[0], a.message("dropped", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
		want(t, p[0], a.message("answered", "text", outcome{}), mcpadapter.Executed)
	})
}

// It is about to make its claim when this version looks: whoever comes second sees that.
func TestOneOfTwoVersionsClaimsAMatch(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		id := a.make("text", "a replica of before")
		p[0].line.set(func(l *line) {
			claimed := false
			l.wait = func(part, op, _ string) {
				if part == fingerprints && op == "Get" && !claimed && len(a.made) == 1 { // it was unclaimed when it was seen
					claimed = true
					previousVersion(t, s).claim(t, id, "ITS-ATTEMPT")
				}
			}
		})
		want(t, p[0], a.message("k", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
	})
}

func TestOpenAttemptsOfThePreviousVersionCount(t *testing.T) {
	for name, standing := range map[string]string{
		"in flight":         `[{"a":"ITS-ATTEMPT","r":"ITS-PROCESS","s":"2000-01-01T00:00:00Z"}]`,
		"without an answer": `[{"a":"ITS-ATTEMPT","r":"ITS-PROCESS","u":true,"s":"2000-01-01T00:00:00Z"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				w := a.message("k", "text", outcome{cut: true})
				previousVersion(t, s).list(t, w, standing)
				begun := time.Now()
				want(t, p[0], w, mcpadapter.Indeterminate)
				if waited := time.Since(begun); waited > 8*time.Second {
					t.Errorf("it waited for it: %v", waited)
				}
			})
		})
	}
}

// What this version has made, the version before finds claimed, and while it is open it finds it in
// its list, as one that nobody waits for.
func TestThePreviousVersionReadsClaimsAndLists(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		f := previousVersion(t, s)
		w := a.message("k", "text", outcome{takes: 10 * time.Second})
		end := make(chan struct{})
		go func() { defer close(end); want(t, p[0], w, mcpadapter.Executed) }()
		time.Sleep(time.Second)
		name := f.name([]byte("likeness"), w.Fingerprint[:])
		raw, _, _ := s.part(fingerprints).Get(t.Context(), name)
		plain, err := f.keys.Sealer("once").Open(raw, []byte(name))
		var list []struct {
			Attempt string `json:"a"`
			Unknown bool   `json:"u"`
		}
		if err != nil || json.Unmarshal(plain, &list) != nil || len(list) != 1 || !list[0].Unknown {
			t.Fatalf("%s %v", plain, err)
		}
		<-end
		by, found, _ := s.part(claims).Get(t.Context(), f.name([]byte("claim"), []byte("m1")))
		if !found || string(by) != list[0].Attempt {
			t.Errorf("claimed by %q, made by %q", by, list[0].Attempt)
		}
	})
}

// It has found out what an attempt of this version made, and claimed it in its own way.
func TestAReconciliationOfThePreviousVersionStands(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		f := previousVersion(t, s)
		w := a.message("k", "text", outcome{dropped: true})
		want(t, p[0], w, mcpadapter.NotFoundYet)
		name := f.name([]byte("likeness"), w.Fingerprint[:])
		raw, _, _ := s.part(fingerprints).Get(t.Context(), name)
		plain, _ := f.keys.Sealer("once").Open(raw, []byte(name))
		var list []struct {
			Attempt string `json:"a"`
		}
		if json.Unmarshal(plain, &list) != nil || len(list) != 1 {
			t.Fatalf("%s", plain)
		}
		f.claim(t, a.make("text", "k"), list[0].Attempt) // late
		f.list(t, w, "[]")
		want(t, p[0], a.message("other", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
	})
}

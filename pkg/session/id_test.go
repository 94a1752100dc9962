package session_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func newTable(t testing.TB, records session.Records) *session.Table {
	t.Helper()
	return newTableOf(t, secretA, records)
}

func newTableOf(t testing.TB, secret string, records session.Records) *session.Table {
	t.Helper()
	ring, err := seal.New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	table, err := session.NewTable(session.Options{Sealer: ring.Sealer("session id"), Records: records})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestIDsAreShortAndVisibleWhateverIsInThem(t *testing.T) {
	table := newTable(t, sessiontest.Nowhere{})
	for name, info := range map[string]session.Info{
		"nothing": {},
		"usual":   info,
		"the most": {
			Subject: strings.Repeat("s", 100_000), Version: strings.Repeat("v", 32), Capabilities: 1<<32 - 1,
			ClientName: strings.Repeat("n", 100_000), ClientVersion: strings.Repeat("r", 100_000),
		},
	} {
		s, err := table.Create(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d characters", name, len(s.ID))
		if len(s.ID) > session.MaxIDLength {
			t.Errorf("%s: %d characters", name, len(s.ID))
		}
		for _, c := range []byte(s.ID) {
			if c < 0x21 || c > 0x7e {
				t.Errorf("%s: character %#x", name, c)
			}
		}
		if _, err := table.Resume(t.Context(), s.ID, info.Subject); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := table.Resume(t.Context(), s.ID, info.Subject+"x"); err == nil {
			t.Errorf("%s: opens for another subject", name)
		}
	}
}

func TestTwoSessionsOfOneClientDiffer(t *testing.T) {
	table := newTable(t, sessiontest.Nowhere{})
	a, b := create(t, table, info), create(t, table, info)
	if a.ID == b.ID || a.Key() == b.Key() {
		t.Error("they are the same")
	}
}

func TestWhatClientsSayIsCutAtARuneAndPrintable(t *testing.T) {
	table := newTable(t, sessiontest.Nowhere{})
	for said, want := range map[string]string{
		"plain":                              "plain",
		strings.Repeat("x", 65):              strings.Repeat("x", 64),
		strings.Repeat("x", 63) + "é":        strings.Repeat("x", 63),
		strings.Repeat("é", 40):              strings.Repeat("é", 32),
		"a\x1b[31mred\x00\n\u202e\xffb":      "a[31mred b",
		strings.Repeat("\xf0\x9f", 64):       "",
		strings.Repeat("\x00", 1000) + "end": "",
	} {
		s := create(t, table, session.Info{ClientName: said, ClientVersion: said})
		if s.ClientName != want || s.ClientVersion != want {
			t.Errorf("%q became %q and %q, want %q", said, s.ClientName, s.ClientVersion, want)
		}
		if got := resume(t, table, s); got.ClientName != want || !utf8.ValidString(got.ClientName) {
			t.Errorf("%q resumed as %q, want %q", said, got.ClientName, want)
		}
	}
}

func TestAVersionThatIsTooLongIsRefused(t *testing.T) {
	_, err := newTable(t, sessiontest.Nowhere{}).Create(t.Context(), session.Info{Version: strings.Repeat("v", 33)})
	if err == nil || !strings.Contains(err.Error(), "33 bytes, at most 32") {
		t.Errorf("error %v", err)
	}
}

func TestOptionsAreCheckedAtOnce(t *testing.T) {
	_, err := session.NewTable(session.Options{MaxAge: time.Second, Idle: -1, Budget: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Sealer", "Records", "MaxAge is 1s; give at least 1m", "Idle", "Budget"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
}

func TestCapabilitiesAreBits(t *testing.T) {
	c := session.CanSample | session.HasRoots
	if !c.Has(session.CanSample) || !c.Has(session.CanSample|session.HasRoots) || c.Has(session.CanElicit|session.HasRoots) {
		t.Error("Has is wrong")
	}
}

// clear seals nothing, so that the fuzzer reaches what is inside of ids.
type clear struct{}

func (clear) Seal(plaintext, _ []byte) []byte       { return plaintext }
func (clear) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func FuzzResume(f *testing.F) {
	// The fuzzer's workers are processes of their own: what one of them minted must not open in
	// another.
	sealed := newTableOf(f, rand.Text()+rand.Text(), sessiontest.Nowhere{})
	open, err := session.NewTable(session.Options{Sealer: clear{}, Records: sessiontest.Nowhere{}})
	if err != nil {
		f.Fatal(err)
	}
	mint := func(table *session.Table) string {
		s, err := table.Create(f.Context(), info)
		if err != nil {
			f.Fatal(err)
		}
		return s.ID
	}
	genuine := mint(sealed)
	for _, id := range []string{"", "A", genuine, genuine[1:], genuine + "\n", mint(open), strings.Repeat("A", 513)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if s, err := sealed.Resume(t.Context(), id, info.Subject); err == nil && id != genuine {
			t.Errorf("forged: %+v", s)
		}
		s, err := open.Resume(t.Context(), id, info.Subject)
		if err != nil {
			return
		}
		// One id has one spelling, so its key is the only one.
		again, err := open.Resume(t.Context(), s.ID, info.Subject)
		if err != nil || again.Key() != session.KeyOf(id) || len(id) > session.MaxIDLength {
			t.Errorf("id %q opened as %+v, then %v", id, s, err)
		}
	})
}

func BenchmarkResumeByIDAlone(b *testing.B) {
	table := newTable(b, sessiontest.Nowhere{})
	s, err := table.Create(b.Context(), info)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Resume(b.Context(), s.ID, s.Subject); err != nil {
			b.Fatal(err)
		}
	}
}

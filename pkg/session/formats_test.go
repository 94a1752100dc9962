package session_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// Replicas of different releases share a store: names and formats stay what they are.
func TestRecordsOfSessionsStayTheSame(t *testing.T) {
	for name, tc := range map[string]struct {
		write func(t *testing.T, s *sessiontest.Memory)
		value string
	}{
		"session": {func(t *testing.T, s *sessiontest.Memory) {
			_ = create(t, spelledTable(t, s, atNoon), session.Info{Version: "v1", ClientName: "n", ClientVersion: "r2"})
		}, "\x01\x01\x00\x6b\x04\x2a\xc0\x6b\x04\x2a\xc0" + strings.Repeat("\x00", 6) + "\x02v1\x01n\x02r2"},
		"ended session": {func(t *testing.T, s *sessiontest.Memory) {
			table := spelledTable(t, s, atNoon)
			if err := table.End(t.Context(), create(t, table, info).ID, info.Subject); err != nil {
				t.Fatal(err)
			}
		}, "\x01\x02\x00\x6b\x04\x2a\xc0\x6b\x04\x2a\xc0" + strings.Repeat("\x00", 9)},
	} {
		t.Run(name, func(t *testing.T) {
			s := sessiontest.NewMemory()
			tc.write(t, s)
			if _, value := s.Only(t); value != tc.value {
				t.Errorf("value\n%q, want\n%q", value, tc.value)
			}
		})
	}
}

// What is cut, longer, or of another format is not read as something else, and nothing of it is
// served.
func TestSessionRecordIsReadWholeOrNotAtAll(t *testing.T) {
	s := sessiontest.NewMemory()
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	key, good := s.Only(t)
	bad := map[string]string{
		"longer": good + "\x00", "of a later format": "\x02" + good[1:], "of no format": "\x00" + good[1:],
		"in a later state": good[:1] + "\x03" + good[2:], "in no state": good[:1] + "\x00" + good[2:],
		"with a reserved byte of a later release": good[:2] + "\x09" + good[3:],
	}
	for i := range good {
		bad["cut "+good[:i]] = good[:i]
	}
	for name, value := range bad {
		s.Put(key, value, time.Hour)
		got, err := table.Resume(t.Context(), live.ID, live.Subject)
		if err != nil || !got.Unstored {
			t.Errorf("%q: %+v, %v; want it served from its id", name, got, err)
		}
		if s.All()[key] != value {
			t.Errorf("%q: it was written over", name)
		}
		if _, err := table.Show(t.Context(), key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: operators see it: %v", name, err)
		}
	}
	for _, level := range []string{"\x01", "\x08"} { // of a release that kept a log level
		s.Put(key, good[:2]+level+good[3:], time.Hour)
		if got := resume(t, table, live); got.Unstored {
			t.Errorf("with the log level %q: %+v", level, got)
		}
	}
}

// sealedID is an id with this inside, as spelled seals it.
func sealedID(plain string) string { return base64.RawURLEncoding.EncodeToString([]byte("<>" + plain)) }

func TestIDIsReadWholeOrNotAtAll(t *testing.T) {
	table := spelledTable(t, sessiontest.Nowhere{}, atNoon)
	id := create(t, table, session.Info{Version: "v1", ClientName: "n", ClientVersion: "r2"}).ID
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimPrefix(string(raw), "<>")
	const head = 1 + 32 // the format and the subject
	if want := "\xc0\xd5\x90\xd8\x06" + "\x00" + "\x02v1\x01n\x02r2"; good[:1] != "\x01" || good[head:] != want {
		t.Errorf("an id has %q, want %q", good[head:], want)
	}
	texts, born := "\x02v1\x01n\x02r2", good[head:head+5]
	bad := map[string]string{
		"longer": good + "\x00", "of a later format": "\x02" + good[1:], "of no format": "\x00" + good[1:],
		"born never":             good[:head] + strings.Repeat("\xff", 11) + "\x00" + texts,
		"with overflowing bits":  good[:head] + born + "\x80\x80\x80\x80\x10" + texts,
		"with capabilities open": good[:head] + born + "\xff",
	}
	for i := range good {
		bad["cut "+good[:i]] = good[:i]
	}
	for name, plain := range bad {
		if _, err := table.Resume(t.Context(), sealedID(plain), ""); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", name, err)
		}
	}
	for name, plain := range map[string]string{"itself": good, "all bits": good[:head] + born + "\xff\xff\xff\xff\x0f" + texts} {
		if _, err := table.Resume(t.Context(), sealedID(plain), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// padded seals to a length.
type padded struct {
	sessiontest.Spelled
	length int
}

func (p padded) Seal(plaintext, aad []byte) []byte {
	sealed := p.Spelled.Seal(plaintext, aad)
	return append(sealed, make([]byte, p.length-len(sealed))...)
}

func (p padded) Open(sealed, aad []byte) ([]byte, error) {
	plain, err := p.Spelled.Open(sealed, aad)
	if n := 1 + subjectSize + 5 + 1 + 3; err == nil && len(plain) > n {
		plain = plain[:n]
	}
	return plain, err
}

const subjectSize = 32

func TestIDHasAtMost512Characters(t *testing.T) {
	for length, want := range map[int]error{384: nil, 385: session.ErrNotFound} { // 512 characters are 384 bytes
		table, err := session.NewTable(session.Options{Sealer: padded{length: length}, Records: sessiontest.NewMemory(), Now: atNoon})
		if err != nil {
			t.Fatal(err)
		}
		_, err = table.Resume(t.Context(), create(t, table, session.Info{}).ID, "")
		wantErr(t, "an id", err, want)
	}
}

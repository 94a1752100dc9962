package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

var (
	secretA = []byte("secret-a-secret-a-secret-a-secret-a")
	secretB = []byte("secret-b-secret-b-secret-b-secret-b")
)

func keyring(t testing.TB, secrets ...[]byte) *seal.Keyring {
	t.Helper()
	k, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNewRefusesWhatIsNoSecret(t *testing.T) {
	for name, tc := range map[string]struct {
		secrets [][]byte
		want    []string
	}{
		"none":          {nil, []string{"no secret"}},
		"short":         {[][]byte{secretA, []byte("hunter2")}, []string{"secret 2 has 7 characters"}},
		"twice":         {[][]byte{secretA, secretA}, []string{"secret 2 is the same"}},
		"several wrong": {[][]byte{[]byte("a"), []byte("bc")}, []string{"secret 1 has 1", "secret 2 has 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := seal.New(tc.secrets...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q quotes a secret", err)
			}
		})
	}
}

func TestOpenGivesWhatWasSealed(t *testing.T) {
	s := keyring(t, secretA).Sealer("test")
	for _, plaintext := range []string{"", "x", strings.Repeat("long ", 1000)} {
		sealed := s.Seal([]byte(plaintext), []byte("aad"))
		if len(sealed) != len(plaintext)+seal.Overhead {
			t.Errorf("%d bytes sealed are %d long, want %d more", len(plaintext), len(sealed), seal.Overhead)
		}
		got, err := s.Open(sealed, []byte("aad"))
		if err != nil || string(got) != plaintext {
			t.Errorf("Open = %q, %v; want %q", got, err, plaintext)
		}
	}
}

func TestSealingTheSameTwiceDiffers(t *testing.T) {
	s := keyring(t, secretA).Sealer("test")
	if bytes.Equal(s.Seal([]byte("x"), nil), s.Seal([]byte("x"), nil)) {
		t.Error("two sealed values are equal")
	}
}

func TestOpenRefuses(t *testing.T) {
	k := keyring(t, secretA)
	s := k.Sealer("test")
	sealed := s.Seal([]byte("content"), []byte("aad"))
	refused := func(name string, s *seal.Sealer, sealed, aad []byte) {
		t.Helper()
		if got, err := s.Open(sealed, aad); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: Open = %q, %v; want ErrOpen", name, got, err)
		}
	}
	refused("another purpose", k.Sealer("other"), sealed, []byte("aad"))
	refused("another secret", keyring(t, secretB).Sealer("test"), sealed, []byte("aad"))
	refused("other additional data", s, sealed, []byte("bbd"))
	refused("no additional data", s, sealed, nil)
	refused("nothing", s, nil, []byte("aad"))
	for i := range sealed {
		refused("truncated", s, sealed[:i], []byte("aad"))
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refused("changed", s, changed, []byte("aad"))
	}
}

func TestSecretsRotate(t *testing.T) {
	before := keyring(t, secretA).Sealer("test")
	added := keyring(t, secretA, secretB).Sealer("test")
	promoted := keyring(t, secretB, secretA).Sealer("test")
	removed := keyring(t, secretB).Sealer("test")
	opens := func(s *seal.Sealer, sealed []byte) bool {
		got, err := s.Open(sealed, nil)
		return err == nil && string(got) == "x"
	}
	for name, tc := range map[string]struct {
		from, to *seal.Sealer
		want     bool
	}{
		"old value, added":        {before, added, true},
		"added value, old":        {added, before, true},
		"old value, promoted":     {before, promoted, true},
		"promoted value, added":   {promoted, added, true},
		"promoted value, removed": {promoted, removed, true},
		"old value, removed":      {before, removed, false},
		"promoted value, old":     {promoted, before, false},
	} {
		if got := opens(tc.to, tc.from.Seal([]byte("x"), nil)); got != tc.want {
			t.Errorf("%s: opens = %v, want %v", name, got, tc.want)
		}
	}
}

func TestDigestIsKeyedAndBoundToItsPurpose(t *testing.T) {
	m := keyring(t, secretA).MAC("test")
	sum := m.Digest([]byte("x"))
	if len(sum) != 32 || !bytes.Equal(sum, m.Digest([]byte("x"))) {
		t.Errorf("Digest = %x, want the same 32 bytes each time", sum)
	}
	for name, other := range map[string]*seal.MAC{
		"another purpose": keyring(t, secretA).MAC("other"),
		"another secret":  keyring(t, secretB).MAC("test"),
	} {
		if other.Verify([]byte("x"), sum) {
			t.Errorf("%s verifies", name)
		}
	}
	if m.Verify([]byte("y"), sum) || m.Verify([]byte("x"), sum[:31]) {
		t.Error("a wrong digest verifies")
	}
	if !m.Verify([]byte("x"), sum) || !keyring(t, secretB, secretA).MAC("test").Verify([]byte("x"), sum) {
		t.Error("a right digest does not verify")
	}
}

func BenchmarkOpen(b *testing.B) {
	s := keyring(b, secretB, secretA).Sealer("test")
	sealed := keyring(b, secretA).Sealer("test").Seal(make([]byte, 100), nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(sealed, nil); err != nil {
			b.Fatal(err)
		}
	}
}

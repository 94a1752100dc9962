package upstream

import (
	"errors"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

var (
	oldSecret = []byte("a secret of at least thirty-two bytes")
	newSecret = []byte("another secret of thirty-two bytes and more")
)

func keyring(t *testing.T, secrets ...[]byte) *seal.Keyring {
	t.Helper()
	ring, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// A replica that has not been given the new secret yet must not take a key for missing: that ends
// the grant.
func TestAKeyThatDoesNotOpenIsNotMissing(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	b.gives(b.PersonalKeys, goodKey)
	ahead := b.replica(keyring(t, newSecret, oldSecret))
	b.gives(ahead, goodKey) // and seals it again
	for name, err := range map[string]error{
		"a call":           second(b.Credential(t.Context(), person)),
		"after a refusal":  second(b.Renewed(t.Context(), person, clerkapi.APIKey(goodKey))),
		"a key unasked":    b.Keep(t.Context(), person, newKey, ""),
		"removal, unasked": b.Remove(t.Context(), person, "another"),
	} {
		if errors.Is(err, ErrGrantOver) || !errors.Is(err, ErrUnreadable) && !errors.Is(err, ErrKeyExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.gives(ahead, goodKey)
}

// Without it nobody whose key was sealed with a secret that is gone for good could have one again.
func TestAKeyThatDoesNotOpenIsReplacedByConfirmation(t *testing.T) {
	for name, do := range map[string]func(l *PersonalKeys, id string) error{
		"replaced": func(l *PersonalKeys, id string) error { return l.Keep(t.Context(), person, newKey, id) },
		"removed": func(l *PersonalKeys, id string) error {
			if err := l.Remove(t.Context(), person, id); err != nil {
				return err
			}
			return l.Keep(t.Context(), person, newKey, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.keep(goodKey, "")
			after := b.replica(keyring(t, newSecret))
			link, err := after.Check(t.Context(), person)
			if found, err := after.Find(t.Context(), person); err != nil || found != link {
				t.Errorf("found %+v, %v", found, err)
			}
			if err != nil || !link.Unreadable || link.ID == "" || link.Hint != "" {
				t.Fatalf("%+v %v", link, err)
			}
			if err := do(after, link.ID); err != nil {
				t.Fatal(err)
			}
			b.gives(after, newKey)
		})
	}
}

// People sign in once, and their clients refresh from then on.
func TestACallSealsTheKeyWithTheNewestSecret(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	both := b.replica(keyring(t, newSecret, oldSecret))
	b.gives(both, goodKey)
	b.gives(b.replica(keyring(t, newSecret)), goodKey)
}

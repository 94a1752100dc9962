package authserver

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// Replicas of two versions run side by side: what one derives the other must find.
func TestDerivedNamesStayWhatTheyAre(t *testing.T) {
	if got := string(pendingAAD("n")); got != "pending\x00n" {
		t.Errorf("%q", got)
	}
	if got := hex.EncodeToString(digestOfHandle("handle")); got != "b86740c09120c277adcb30b73d44bdcd" {
		t.Errorf("%s", got)
	}
	if got := ofGrant("grant", &client{id: "c"}); got != "grant "+mark("c")[:12] {
		t.Errorf("%q", got)
	}
	s := &Server{opts: Options{Now: time.Now}}
	for id, want := range map[string]string{"": "digest\x00", "x": "jti\x00x"} {
		d := s.fromAssertion(&tokenRequest{presented: noClient()}, mustAssertion(t, id))
		if got := d.once.ID; !strings.HasPrefix(got, want) || id != "" && got != want || d.once.ClientID != "issuer\x00https://ci.example" {
			t.Errorf("%q: %q of %q", id, got, d.once.ClientID)
		}
	}
}

func mustAssertion(t *testing.T, id string) *token.GrantAssertion {
	t.Helper()
	header := encoding.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT"}`))
	jti := ""
	if id != "" {
		jti = fmt.Sprintf(`,"jti":%q`, id)
	}
	claims := encoding.EncodeToString([]byte(`{"iss":"https://ci.example","sub":"s","aud":"a","exp":4102444800` + jti + `}`))
	a, err := token.ParseGrantAssertion(header + "." + claims + "." + encoding.EncodeToString(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAPendingRequestIsReadWholeOrNotAtAll(t *testing.T) {
	state := "s"
	x := &grant.AuthRequest{ClientID: "c", State: &state, Asked: []string{"a", "b"}, Scopes: []string{"b"}, AuthMethods: authMethods[:1], Keep: []byte("k")}
	whole := encodePending(x, "handle", time.Unix(1<<40, 0))
	got, handle, until, ok := decodePending(slices.Clone(whole))
	if !ok || got.ClientID != "c" || *got.State != "s" || !slices.Equal(got.Scopes, x.Scopes) || string(got.Keep) != "k" || until.Unix() != 1<<40 ||
		!bytes.Equal(handle, digestOfHandle("handle")) || !slices.Equal(got.AuthMethods, x.AuthMethods) {
		t.Errorf("%+v %v %v", got, until, ok)
	}
	for n := range whole {
		if _, _, _, ok := decodePending(slices.Clone(whole[:n])); ok {
			t.Errorf("%d of %d bytes are taken", n, len(whole))
		}
	}
	endless := bytes.Repeat([]byte{0xff}, 11)
	for name, b := range map[string][]byte{
		"one byte more":       append(slices.Clone(whole), 0),
		"another format":      append([]byte{pendingFormat + 1}, whole[1:]...),
		"a second later":      encodePending(x, "handle", time.Unix(1<<40+1, 0)),
		"an endless time":     slices.Concat([]byte{pendingFormat}, endless, whole),
		"endless permissions": slices.Concat([]byte{pendingFormat, 1}, make([]byte, handleDigest+1), endless, whole),
		"an endless text":     slices.Concat([]byte{pendingFormat, 1}, make([]byte, handleDigest+2), endless, whole),
	} {
		if _, _, _, ok := decodePending(b); ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestARegistrationIsOpenedOnlyAsItIsSealed(t *testing.T) {
	ring, err := seal.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	g := registrar{ids: ring.Sealer("client id"), secrets: ring.MAC("client secret")}
	none, key := byte(slices.Index(authMethods, methodNone)), byte(slices.Index(authMethods, methodKey))
	for name, tc := range map[string]struct {
		b    []byte
		good bool
	}{
		"nothing":                      {nil, false},
		"two bytes":                    {[]byte{registeredFormat, none}, false},
		"no name and nothing behind":   {[]byte{registeredFormat, none, 0}, true},
		"a name and nothing behind":    {[]byte{registeredFormat, none, 1, 'n'}, true},
		"a name that is cut":           {[]byte{registeredFormat, none, 2, 'n'}, false},
		"a redirect":                   {[]byte{registeredFormat, none, 1, 'n', 1, 'r'}, true},
		"a redirect that is cut":       {[]byte{registeredFormat, none, 1, 'n', 2, 'r'}, false},
		"a length that is cut":         {[]byte{registeredFormat, none, 1, 'n', 0x80}, false},
		"another format":               {[]byte{3, none, 1, 'n', 1, 'r'}, false},
		"an unknown method":            {[]byte{registeredFormat, byte(len(authMethods)), 1, 'n', 1, 'r'}, false},
		"keys by method, not by form":  {[]byte{registeredFormat, key, 1, 'n', 1, 'r'}, false},
		"keys by form, not by method":  {append([]byte{registeredKeys, none, 1, 'n', 0, byte(len(ecKeys))}, ecKeys+"\x01r"...), false},
		"keys by both":                 {append([]byte{registeredKeys, key, 1, 'n', 0, byte(len(ecKeys))}, ecKeys+"\x01r"...), true},
		"keys by both that are broken": {[]byte{registeredKeys, key, 1, 'n', 0, 1, 'k', 1, 'r'}, false},
		"no keys":                      {[]byte{registeredKeys, key, 1, 'n', 0}, false},
	} {
		id := encoding.EncodeToString(g.ids.Seal(tc.b, nil))
		c, ok := g.open(id)
		if ok != tc.good || ok && (c.id != id || (c.keys != nil) != (tc.b[0] == registeredKeys)) {
			t.Errorf("%s: %v %+v", name, ok, c)
		}
	}
}

const ecKeys = `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func TestADocumentThatIsReadAgainPushesNoOtherOut(t *testing.T) {
	now := time.Unix(0, 0)
	d := NewDocuments(DocumentsOptions{Now: func() time.Time { return now }})
	for i := range maxDocuments {
		d.cache.Add(fmt.Sprint(i), cachedDocument{until: now.Add(time.Hour)})
	}
	if d.cache.Add("7", cachedDocument{until: now.Add(time.Hour)}); d.cache.Len() != maxDocuments {
		t.Errorf("%d are left", d.cache.Len())
	}
	d.cache.Add("new", cachedDocument{until: now.Add(time.Hour)})
	if _, fresh := d.cached("new"); d.cache.Len() != maxDocuments || !fresh {
		t.Errorf("with a new one %d are left", d.cache.Len())
	}
}

func TestOfTooManyClientsTheOneUnreadOrUnusedIsForgotten(t *testing.T) {
	missing := errors.New("no document")
	k := newClientKeys(Options{Documents: NewDocuments(DocumentsOptions{}), Now: time.Now}, func(_ context.Context, id string) (*client, error) {
		if strings.HasPrefix(id, "unread") {
			return nil, missing
		}
		return &client{methods: []string{methodKey}}, nil
	})
	look := func(id string) (read bool) {
		t.Helper()
		v, read := k.of(id)
		if _, err := v.Get(t.Context()); err == nil && !read {
			_ = k.verify(t.Context(), id, &token.Assertion{}, func() *Error { return nil })
		}
		return read
	}
	for i := range maxDocuments {
		look(fmt.Sprint(i))
		look(fmt.Sprint("unread", i))
	}
	if !look("0") {
		t.Error("one that was read is forgotten for those that were not")
	}
	look("new")
	if k.known.Contains("1") || !k.known.Contains("0") || !k.known.Contains("new") {
		t.Error("the one that was not used for the longest is there still")
	}
	look("unread, the last")
	if k.known.Len() != maxDocuments || k.tried.Len() != maxDocuments || k.tried.Contains("unread0") {
		t.Errorf("%d were read, %d were not", k.known.Len(), k.tried.Len())
	}
}

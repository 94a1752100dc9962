package token_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

const ourIssuer = "https://mcp.example.com"

var (
	seedA = bytes.Repeat([]byte{'a'}, 32)
	seedB = bytes.Repeat([]byte{'b'}, 32)
	bob   = identity.Caller{
		Subject: "https://login.example.com#bob", ClientID: strings.Repeat("c", 512), Scopes: []string{"messages:read", "messages:send"},
	}
)

func newLocal(t testing.TB, c *clock, seeds ...[]byte) *token.Local {
	t.Helper()
	l, err := token.NewLocal(token.LocalOptions{Issuer: ourIssuer, Seeds: seeds, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func issue(t testing.TB, l *token.Local) string {
	t.Helper()
	raw, _, err := l.Issue(bob, endpoint, "grant-1", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func refusesLocally(t *testing.T, l *token.Local, raw, resource string, want token.Reason) {
	t.Helper()
	got, err := l.Verify(raw, resource)
	var refused *token.InvalidError
	if !errors.As(err, &refused) || refused.Reason != want || got.Caller.Subject != "" {
		t.Errorf("%+v, %v; want %q", got, err, want)
	}
}

func TestOwnTokensVerifyOnEveryReplica(t *testing.T) {
	c := newClock()
	raw := issue(t, newLocal(t, c, seedA))
	other := newLocal(t, c, seedA)
	for range 2 { // verified, then remembered
		got, err := other.Verify(raw, endpoint+"/")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bob, got.Caller); diff != "" || got.Grant != "grant-1" {
			t.Errorf("grant %q, caller: %s", got.Grant, diff)
		}
	}
	grant, client, ok := other.Grant(raw)
	if grant != "grant-1" || client != bob.ClientID || !ok {
		t.Errorf("grant %q of %q, %v", grant, client, ok)
	}
	if _, _, ok := other.Grant("no token"); ok {
		t.Error("a word is a token")
	}
}

func TestOurOwnTokenIsGoodAtItsOwnEndpointOnly(t *testing.T) {
	l := newLocal(t, newClock(), seedA)
	raw := issue(t, l)
	for _, resource := range []string{"", "/", ourIssuer, endpoint + "/readonly", "https://other.example.com/mcp"} {
		refusesLocally(t, l, raw, resource, token.ReasonAudience)
	}
}

func TestOurOwnTokenLivesAnHour(t *testing.T) {
	c := newClock()
	l := newLocal(t, c, seedA)
	raw := issue(t, l)
	c.Add(time.Hour + 29*time.Second)
	if _, err := l.Verify(raw, endpoint); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	c.Add(time.Second)
	refusesLocally(t, l, raw, endpoint, token.ReasonExpired)
	refusesLocally(t, newLocal(t, c, seedA), raw, endpoint, token.ReasonExpired)
}

func TestOurOwnTokenEndsWithItsGrant(t *testing.T) {
	c := newClock()
	l := newLocal(t, c, seedA)
	for left, want := range map[time.Duration]time.Duration{2 * time.Hour: time.Hour, 90 * time.Second: 90 * time.Second} {
		raw, life, err := l.Issue(bob, endpoint, "grant-1", c.Now().Add(left))
		if err != nil || life != want {
			t.Errorf("%s left: %s, %v", left, life, err)
		}
		if got, err := l.Verify(raw, endpoint); err != nil || got.Expires.Sub(c.Now()) > want {
			t.Errorf("%s left: expires %s, %v", left, got.Expires, err)
		}
	}
	if raw, _, err := l.Issue(bob, endpoint, "grant-1", c.Now()); err == nil {
		t.Errorf("a grant that has ended got %q", raw)
	}
}

func TestSeedsRotateWithoutRefusingAToken(t *testing.T) {
	c := newClock()
	before, adding := newLocal(t, c, seedA), newLocal(t, c, seedA, seedB)
	promoted, removed := newLocal(t, c, seedB, seedA), newLocal(t, c, seedB)
	for name, pair := range map[string][2]*token.Local{
		"old at adding": {before, adding}, "adding at old": {adding, before},
		"adding at promoted": {adding, promoted}, "promoted at adding": {promoted, adding},
		"promoted at removed": {promoted, removed},
	} {
		if _, err := pair[1].Verify(issue(t, pair[0]), endpoint); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refusesLocally(t, removed, issue(t, before), endpoint, token.ReasonSignature)
}

func TestForgedTokensOfOurIssuerAreRefused(t *testing.T) {
	c := newClock()
	l := newLocal(t, c, seedA)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(l.KeySet(), &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatalf("key set %s: %v", l.KeySet(), err)
	}
	claims := map[string]any{
		"iss": ourIssuer, "sub": "bob", "aud": endpoint, "client_id": "c", "grant": "g", "scope": "messages:send",
		"iat": c.Now().Unix(), "exp": c.Now().Add(time.Minute).Unix(),
	}
	body := payload(t, claims)
	id := set.Keys[0].KeyID
	refusesLocally(t, l, tokentest.Forge(`{"alg":"none","typ":"at+jwt"}`, body, []byte("x")), endpoint, token.ReasonUnsigned)
	refusesLocally(t, l, tokentest.Forge(`{"alg":"HS256","typ":"at+jwt","kid":"`+id+`"}`, body, []byte("x")), endpoint, token.ReasonSymmetric)
	refusesLocally(t, l, tokentest.Forge(`{"alg":"EdDSA","typ":"JWT","kid":"`+id+`"}`, body, []byte("x")), endpoint, token.ReasonType)
	stranger := tokentest.NewKey(t, jose.EdDSA, id)
	refusesLocally(t, l, stranger.Sign(t, claims), endpoint, token.ReasonSignature)
	stranger.ID = ""
	refusesLocally(t, l, stranger.Sign(t, claims), endpoint, token.ReasonSignature)
	claims["iss"] = "https://other.example.com"
	refusesLocally(t, l, stranger.Sign(t, claims), endpoint, token.ReasonIssuer)
	head, tail, _ := strings.Cut(issue(t, l), ".")
	changed := strings.Replace(tail, tail[:1], string(tail[0]^1), 1)
	if _, err := l.Verify(head+"."+changed, endpoint); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a changed token: %v", err)
	}
}

func TestLocalOptionErrorsNameAllAndNoSeed(t *testing.T) {
	_, err := token.NewLocal(token.LocalOptions{Issuer: "http://mcp.example.com", Seeds: [][]byte{[]byte("short-seed")}, Life: -1})
	for _, want := range []string{"issuer", "seed 1 has 10 bytes", "life"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "short-seed") {
		t.Errorf("%v quotes a seed", err)
	}
	if _, err := token.NewLocal(token.LocalOptions{Issuer: ourIssuer}); err == nil {
		t.Error("no seed is accepted")
	}
}

func TestATokenNeedsASubject(t *testing.T) {
	l := newLocal(t, newClock(), seedA)
	for _, subject := range []string{"", strings.Repeat("s", 256), "a\x00b"} {
		if raw, _, err := l.Issue(identity.Caller{Subject: subject, ClientID: "c"}, endpoint, "g", time.Now().Add(time.Hour)); err == nil {
			t.Errorf("%q got %q", subject, raw)
		}
	}
}

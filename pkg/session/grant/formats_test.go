package grant_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// Replicas of different releases share a store: names, formats and what a value is bound to stay
// what they are.
func TestStoredNamesAndFormatsStayTheSame(t *testing.T) {
	asked := grant.Grant{Subject: "ann", ClientID: "c", Resource: "r", Scopes: []string{"s"}}
	json := `{"grant":{"sub":"ann","client":"c","resource":"r","scopes":["s"],"born":"2026-11-23T12:00:00Z"},` +
		`"code":[…],"binding":{"redirect":"https://r","challenge":"x"}`
	grants := func(t *testing.T, records, upstream session.Records) *grant.Grants {
		return spelledGrants(t, grant.Options{Records: records, Upstream: upstream, Assertions: records, Now: atNoon})
	}
	for name, tc := range map[string]struct {
		write       func(t *testing.T, s *sessiontest.Memory)
		name, value string // ID stands for the grant's; "" is not compared
	}{
		"authorization request": {func(t *testing.T, s *sessiontest.Memory) {
			a, err := grant.NewAuthRequests(s, sessiontest.Spelled{}, time.Minute)
			if err != nil || a.Store(t.Context(), "handle", &grant.AuthRequest{}) != nil {
				t.Fatal(err)
			}
		}, "D7OiNnJgiV-xourCJlsVPA", "<authorization request\x00NAME>" + `{"client":"","client_name":"","redirect":"",` +
			`"challenge":"","resource":"","asked":null,"scopes":null,"browser":""}`},
		"finished authorization request": {func(t *testing.T, s *sessiontest.Memory) {
			a, err := grant.NewAuthRequests(s, sessiontest.Spelled{}, time.Minute)
			if err != nil || a.Store(t.Context(), "handle", &grant.AuthRequest{}) != nil {
				t.Fatal(err)
			}
			if _, finish, err := a.Open(t.Context(), "handle"); err != nil || finish(t.Context()) != nil {
				t.Fatal(err)
			}
		}, "D7OiNnJgiV-xourCJlsVPA", "\x00"},
		"claimed handle": {func(t *testing.T, s *sessiontest.Memory) {
			if _, err := claims(t, s).Claim(t.Context(), "handle"); err != nil {
				t.Fatal(err)
			}
		}, "D87Ncc9LLHVUz3sYsQ95ug", "cOWNER"},
		"spent handle": {func(t *testing.T, s *sessiontest.Memory) {
			if claim, err := claims(t, s).Claim(t.Context(), "handle"); err != nil || claim.Spend(t.Context()) != nil {
				t.Fatal(err)
			}
		}, "D87Ncc9LLHVUz3sYsQ95ug", "sOWNER"},
		"consent": {func(t *testing.T, s *sessiontest.Memory) {
			if err := grant.NewConsents(s, sessiontest.Spelled{}).Remember(t.Context(), "ann", "c", "https://r", []string{"a", "b"}); err != nil {
				t.Fatal(err)
			}
		}, "BpZY0I9-vdOvFYT7hRw4Tg", "<consent\x00NAME>" + `["a","b"]`},
		"assertion": {func(t *testing.T, s *sessiontest.Memory) {
			if err := grants(t, s, s).UseAssertion(t.Context(), grant.Assertion{ClientID: "c", ID: "jti", Request: "one"}, time.Minute); err != nil {
				t.Fatal(err)
			}
		}, "9s-E_6xQKQkcBZYoLiLKdQ", "one"},
		"grant that waits": {func(t *testing.T, s *sessiontest.Memory) {
			if _, err := grants(t, s, s).Begin(t.Context(), asked, grant.Binding{RedirectURI: "https://r", Challenge: "x"}, nil); err != nil {
				t.Fatal(err)
			}
		}, "ID", "\x01\x01<\x01\x01grant\x00NAME>" + json + `,"until":1795435260}`},
		"grant without a code": {func(t *testing.T, s *sessiontest.Memory) {
			if _, err := grants(t, s, s).Direct(asked, time.Time{}).Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, "ID", "\x01\x02<\x01\x02grant\x00NAME>" + strings.NewReplacer("Z\"}", `Z","until":"2026-11-23T13:01:00Z"}`,
			"https://r", "", `"x"`, `""`).Replace(json) + "}"},
		"revoked grant": {func(t *testing.T, s *sessiontest.Memory) {
			if err := grants(t, s, sessiontest.NewMemory()).Revoke(t.Context(), strings.Repeat("A", 22)); err != nil {
				t.Fatal(err)
			}
		}, "AAAAAAAAAAAAAAAAAAAAAA", "\x01\x03"},
		"provider's part": {func(t *testing.T, s *sessiontest.Memory) {
			if _, err := grants(t, sessiontest.NewMemory(), s).Begin(t.Context(), asked, grant.Binding{}, []byte("tokens")); err != nil {
				t.Fatal(err)
			}
		}, "ID", "<upstream\x00NAME>\x01\x00\x00\x00\x00\x00\x00\x00\x01tokens"},
		"lease": {func(t *testing.T, s *sessiontest.Memory) {
			if _, held, err := grants(t, s, s).ProviderStates().Lease(t.Context(), "id", time.Minute); !held || err != nil {
				t.Fatal(held, err)
			}
		}, "id-lease", "OWNER"},
		"pause": {func(t *testing.T, s *sessiontest.Memory) {
			if err := grants(t, s, s).ProviderStates().Pause(t.Context(), "id", time.Minute); err != nil {
				t.Fatal(err)
			}
		}, "id-pause", "\x01"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sessiontest.NewMemory()
			tc.write(t, s)
			name, value := s.Only(t)
			value = strings.ReplaceAll(value, name, "NAME")
			value = regexp.MustCompile(`"code":\[[0-9,]+\]`).ReplaceAllString(value, `"code":[…]`)
			value = regexp.MustCompile(`[A-Z2-7]{26}$`).ReplaceAllString(value, "OWNER")
			if tc.name == "ID" && !grant.IsID(name) || tc.name != "" && tc.name != "ID" && name != tc.name {
				t.Errorf("name %q, want %q", name, tc.name)
			}
			if value != tc.value {
				t.Errorf("value\n%q, want\n%q", value, tc.value)
			}
		})
	}
}

// A later release may keep what this one does not know, under the same secret.
func TestGrantOfALaterStateDoesNotOpen(t *testing.T) {
	s := sessiontest.NewMemory()
	g := spelledGrants(t, grant.Options{Records: s, Upstream: s, Now: atNoon})
	turn := g.Direct(asked, time.Time{})
	if _, err := turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	id, good := s.Only(t)
	if _, err := g.Lookup(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, head := range []string{"\x00\x02", "\x02\x02", "\x01\x00", "\x01\x04"} {
		s.Put(id, head+"<"+head+good[5:], time.Hour)
		_, err := g.Lookup(t.Context(), id)
		wantUnreadable(t, head, err)
	}
}

func TestProvidersPartIsReadWholeOrNotAtAll(t *testing.T) {
	s := sessiontest.NewMemory()
	u := spelledGrants(t, grant.Options{Records: sessiontest.NewMemory(), Upstream: s}).ProviderStates()
	const head = "<upstream\x00g>"
	for value, want := range map[string]error{
		head: grant.ErrUpstreamUnreadable, head + "\x01": grant.ErrUpstreamUnreadable,
		head + "\x01\x00\x00\x00\x00\x00\x00\x00":      grant.ErrUpstreamUnreadable,
		head + "\x02\x00\x00\x00\x00\x00\x00\x00\x01x": grant.ErrUpstreamUnreadable,
		head + "\x01\x00\x00\x00\x00\x00\x00\x00\x01":  nil,
	} {
		s.Put("g", value, time.Hour)
		data, version, found, err := u.Load(t.Context(), "g")
		if !errors.Is(err, want) || found != (want == nil) || len(data) != 0 || found && version != 1 {
			t.Errorf("%q: %q %d %v %v", value, data, version, found, err)
		}
		if saved, err := u.Save(context.Background(), "g", 1, []byte("new")); saved != (want == nil) || err != nil {
			t.Errorf("%q: saved %v, %v", value, saved, err)
		}
	}
}

func TestIDsOfGrants(t *testing.T) {
	good := "ABCDEFGHIJKLMNOPabcd-A"
	for id, want := range map[string]bool{
		good: true, "": false, good[:21]: false, good + "A": false, good + "\n": false, good[:20] + "\nA": false,
		good[:21] + "B": false, strings.Repeat("*", 22): false, good + "AAAA": false, good[:18]: false,
	} {
		if grant.IsID(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
	s := sessiontest.NewMemory()
	g := spelledGrants(t, grant.Options{Records: s, Upstream: s})
	if err := g.Revoke(t.Context(), good[:21]); err != nil || s.Ops() != 0 {
		t.Errorf("to revoke what has no id: %v, %d operations", err, s.Ops())
	}
	if _, err := g.Lookup(t.Context(), good[:21]); !errors.Is(err, grant.ErrNoGrant) || s.Ops() != 0 {
		t.Errorf("to look it up: %v, %d operations", err, s.Ops())
	}
}

func TestCodesAndRefreshTokensNameTheirGrant(t *testing.T) {
	s := sessiontest.NewMemory()
	g := spelledGrants(t, grant.Options{Records: s, Upstream: s, Now: atNoon})
	code, err := g.Begin(t.Context(), asked, bound(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := s.Only(t)
	if id, ok := g.OfCode(code); id != want || !ok {
		t.Errorf("the code's is %q %v", id, ok)
	}
	token, _ := redeem(t, g, code)
	if id, ok := g.OfRefreshToken(token); id != want || !ok {
		t.Errorf("the token's is %q %v", id, ok)
	}
	for _, of := range []func(string) (string, bool){g.OfCode, g.OfRefreshToken} {
		for _, other := range []string{"", "x", code + token} {
			if id, ok := of(other); id != "" || ok {
				t.Errorf("of %q: %q", other, id)
			}
		}
	}
	if _, ok := g.OfCode(token); ok {
		t.Error("a refresh token is a code")
	}
	if _, ok := g.OfRefreshToken(code); ok {
		t.Error("a code is a refresh token")
	}
}

package gateway_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// grantsOf opens the grants of a world as an operator does.
func grantsOf(t *testing.T, world *signedIn) *grant.Grants {
	t.Helper()
	grants, closeStore, err := operator.OpenGrants(world.redis.URL(), valid(t).Secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeStore() })
	return grants
}

// entriesOf are the grants of a person.
func entriesOf(t *testing.T, grants *grant.Grants, person string) (found []grant.Entry) {
	t.Helper()
	for e, err := range grants.Entries(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Is(person) {
			found = append(found, e)
		}
	}
	return found
}

func TestWhoseGrantIsEndedIsOutOnEveryReplica(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"api-key", "login"} {
		t.Run(credential, func(t *testing.T) {
			world := signIn(t, credential, nil)
			ann := world.register(t)
			ann.signIn(t)
			request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc", `{"auto_approve":"ben"}`, "Content-Type", "application/json")
			var ben *client
			if credential == "login" { // else Ben's address is not admitted
				ben = world.register(t)
				ben.signIn(t)
			}
			grants := grantsOf(t, world)
			found := entriesOf(t, grants, "ann@acme.example")
			if len(found) != 1 || found[0].State != grant.Live {
				t.Fatalf("%+v", found)
			}
			if err := grants.Revoke(t.Context(), found[0].ID); err != nil {
				t.Fatal(err)
			}
			for range 2 { // each replica
				if a := ann.post(t, ping); a.status != http.StatusUnauthorized {
					t.Errorf("a call: %d %s", a.status, a.body)
				}
				if status, code := ann.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
					t.Errorf("a refresh: %d %s", status, code)
				}
				if ben != nil {
					if a := ben.post(t, ping); a.status != http.StatusOK {
						t.Errorf("somebody else: %d %s", a.status, a.body)
					}
				}
			}
		})
	}
}

func TestACodeOfAnEndedGrantGivesNoToken(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	c := world.register(t)
	q := world.browse(t, world.base+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {clientRedirect}, "resource": {world.base + "/mcp"},
		"scope": {"messages:read"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode())
	grants := grantsOf(t, world)
	found := entriesOf(t, grants, "ann@acme.example")
	if len(found) != 1 || found[0].State != grant.Waits {
		t.Fatalf("%+v", found)
	}
	if err := grants.Revoke(t.Context(), found[0].ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a := c.token(t, url.Values{
			"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {clientRedirect}, "code_verifier": {verifier},
		})
		if a.status != http.StatusBadRequest || c.access != "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

// Operators take the digits of a person from either list.
func TestGrantsAndSessionsShowAPersonByTheSameDigits(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	world.connect(t, "2025-11-25")
	table, closeStore, err := operator.OpenSessions(world.redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeStore() }()
	n := 0
	for e, err := range table.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if found := entriesOf(t, grantsOf(t, world), e.Subject); len(found) != 1 || found[0].Person != e.Subject {
			t.Errorf("%q: %+v", e.Subject, found)
		}
	}
	if n != 1 {
		t.Errorf("%d sessions", n)
	}
}

package grant_test

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

const secretC = "secret-c-secret-c-secret-c-secret-c"

// operatorGrants are grants as operators open them, with these secrets.
func operatorGrants(t *testing.T, c *cluster, accessLife time.Duration, secrets ...string) *grant.Grants {
	t.Helper()
	var list [][]byte
	for _, s := range secrets {
		list = append(list, []byte(s))
	}
	ring, err := seal.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	g, err := grant.NewGrants(grant.Options{
		Records: storeOf(t, c).Grants(), Upstream: sessiontest.Nowhere{}, Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"), Now: c.now,
		PersonDigests: ring.MAC("session subject").Digests, AccessLife: accessLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func entries(t *testing.T, g *grant.Grants, prefix string) map[string]grant.Entry {
	t.Helper()
	found := map[string]grant.Entry{}
	for e, err := range g.Entries(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found[e.ID] = e
	}
	return found
}

func TestOperatorsSeeGrantsOfEveryState(t *testing.T) {
	c := newRealCluster(t)
	g := c.grants()
	begin(t, g)
	_, live := redeem(t, g, begin(t, g))
	_, ended := redeem(t, g, begin(t, g))
	if err := g.Revoke(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	_, foreign := redeem(t, c.grants(secretB), begin(t, c.grants(secretB)))
	_, newer := redeem(t, g, begin(t, g))
	client := c.server.Client()
	client.Set(t.Context(), "gw:g:"+newer, "\x63\x02whatever a later release keeps", time.Hour)
	client.Set(t.Context(), "gw:g:nothing", "x", time.Hour)

	found := entries(t, operatorGrants(t, c, 0, secretA), "")
	count := map[grant.State]int{}
	for _, e := range found {
		count[e.State]++
	}
	want := map[grant.State]int{grant.Waits: 1, grant.Live: 1, grant.Ended: 1, grant.Unreadable: 2}
	if !maps.Equal(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
	if found[foreign].State != grant.Unreadable || found[newer].State != grant.Unreadable || found[foreign].Subject != "" {
		t.Errorf("%+v %+v", found[foreign], found[newer])
	}
	e := found[live]
	if e.Subject != asked.Subject || e.Email != asked.Email || e.ClientID != clientID || e.Client != grant.ClientDigest(clientID) ||
		!regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(e.Person) {
		t.Errorf("%+v", e)
	}
}

func TestAGrantIsFoundByWhoseItIs(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	_, id := redeem(t, g, begin(t, g))
	e := entries(t, operatorGrants(t, c, 0, secretA), "")[id]
	// Its digits are those that sessions are marked with, under whichever secret that was.
	rotated := entries(t, operatorGrants(t, c, 0, secretC, secretA), "")[id]
	if e.Person == "" || e.Person == rotated.Person || !rotated.Is(e.Person) || !rotated.Is(rotated.Person) {
		t.Errorf("digits %q and, rotated, %q", e.Person, rotated.Person)
	}
	for who, want := range map[string]bool{
		asked.Subject: true, "ann@example.com": true, "Ann@Example.COM": true, e.Person: true,
		"": false, "ann": false, "https://id.example#ANN": false, "ben@example.com": false, "000000000000": false, e.Person[:11]: false,
	} {
		if e.Is(who) != want {
			t.Errorf("person %q: %v", who, !want)
		}
	}
	for what, want := range map[string]bool{
		clientID: true, "Client": true, "client": true, grant.ClientDigest(clientID): true, "": false, "some": false,
	} {
		if e.IsOf(what) != want {
			t.Errorf("client %q: %v", what, !want)
		}
	}
	var none grant.Entry
	if none.Is("") || none.IsOf("") {
		t.Error("what cannot be read is somebody's")
	}
}

func TestAGrantIsNamedByTheBeginningOfItsID(t *testing.T) {
	c := newRealCluster(t)
	g := c.grants()
	_, id := redeem(t, g, begin(t, g))
	operator := operatorGrants(t, c, 0, secretA)
	for _, ref := range []string{id, id[:12]} {
		if e, err := operator.Entry(t.Context(), ref); err != nil || e.ID != id {
			t.Errorf("%s: %+v %v", ref, e, err)
		}
	}
	for _, ref := range []string{"", "abc", "****", "[a-z]*", id + "A", "abcd efg"} {
		if _, err := operator.Entry(t.Context(), ref); err == nil || errors.Is(err, grant.ErrNoGrant) {
			t.Errorf("%q: %v, want it refused", ref, err)
		}
	}
	if _, err := operator.Entry(t.Context(), "____"); !errors.Is(err, grant.ErrNoGrant) {
		t.Errorf("nobody's: %v", err)
	}
	twin := id[:8] + "AAAAAAAAAAAAAA"
	c.server.Client().Set(t.Context(), "gw:g:"+twin, "x", time.Hour)
	if _, err := operator.Entry(t.Context(), id[:8]); !errors.Is(err, grant.ErrAmbiguous) {
		t.Errorf("two: %v, want ErrGrantAmbiguous", err)
	}
}

// An access token lives a day at most, and was issued under whatever the settings were then.
func TestTheMarkOfAnEndedGrantOutlivesEveryToken(t *testing.T) {
	for _, life := range []time.Duration{0, 20 * time.Minute, 24 * time.Hour} {
		c := newRealCluster(t)
		g := operatorGrants(t, c, life, secretA)
		_, id := redeem(t, c.grants(), begin(t, c.grants()))
		if err := g.Revoke(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		ttl, err := c.server.Client().TTL(t.Context(), "gw:g:"+id).Result()
		if err != nil || ttl <= 24*time.Hour+59*time.Minute || ttl > 25*time.Hour {
			t.Errorf("with tokens of %v the mark lives %v, %v", life, ttl, err)
		}
	}
}

func TestAMarkOfAnyFormatIsRevoked(t *testing.T) {
	c := newRealCluster(t)
	g := c.grants()
	refreshToken, id := redeem(t, g, begin(t, g))
	for _, mark := range []string{"\x01\x03", "\x02\x03", "\xff\x03 and why", "\x00\x03\x00"} {
		c.server.Client().Set(t.Context(), "gw:g:"+id, mark, time.Hour)
		_, err := g.Lookup(t.Context(), id)
		wantErr(t, "look-up", err, grant.ErrRevoked)
		_, err = g.Refresh(t.Context(), refreshToken, clientID)
		wantErr(t, "refresh", err, grant.ErrRevoked)
		if e := entries(t, operatorGrants(t, c, 0, secretA), id)[id]; e.State != grant.Ended {
			t.Errorf("%q: %v", mark, e.State)
		}
	}
}

func TestAGrantThatIsEndedWhileItWaitsIsNotRedeemed(t *testing.T) {
	c := newCluster(t)
	g, operator := c.grants(), c.grants()
	code := begin(t, g)
	turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier) // prepared, and not committed
	if err != nil {
		t.Fatal(err)
	}
	waiting := slices.Collect(maps.Keys(entries(t, operatorGrants(t, c, 0, secretA), "")))
	if len(waiting) != 1 {
		t.Fatalf("%d wait", len(waiting))
	}
	if err := operator.Revoke(t.Context(), waiting[0]); err != nil {
		t.Fatal(err)
	}
	if token, err := turn.Commit(t.Context()); err == nil || token != "" {
		t.Errorf("committed: %q", token)
	}
	_, err = g.Redeem(t.Context(), code, clientID, redirect, verifier)
	wantErr(t, "redeem", err, grant.ErrRevoked)
}

func TestOperatorsAreToldThatGrantsCannotBeAskedFor(t *testing.T) {
	g := grantsOver(t, sessiontest.Nowhere{}, sessiontest.Nowhere{}, time.Now, nil)
	n := 0
	for _, err := range g.Entries(t.Context(), "") {
		n++
		wantErr(t, "entries", err, session.ErrUnavailable)
	}
	if n != 1 {
		t.Errorf("%d errors, want 1", n)
	}
	_, err := g.Entry(t.Context(), "abcd")
	wantErr(t, "entry", err, session.ErrUnavailable)
}

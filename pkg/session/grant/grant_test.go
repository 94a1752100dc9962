package grant_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
	"github.com/google/go-cmp/cmp"
)

const (
	verifier = "a-verifier-that-only-the-client-knows-0123456789"
	redirect = "https://client.example/callback"
	clientID = "some-client"
)

var asked = grant.Grant{
	Subject: "https://id.example#ann", Name: "Ann", Email: "ann@example.com", ClientID: clientID, ClientName: "Client",
	Resource: "https://mcp.example.com/mcp", Scopes: []string{"messages:read"},
}

func bound() grant.Binding {
	sum := sha256.Sum256([]byte(verifier))
	return grant.Binding{RedirectURI: redirect, Challenge: base64.RawURLEncoding.EncodeToString(sum[:])}
}

func grantsOver(t testing.TB, grants, upstream session.Records, now func() time.Time, cache *grant.Cache, secrets ...string) *grant.Grants {
	t.Helper()
	return grantsWith(t, grant.Options{Records: grants, Upstream: upstream, Now: now, Cache: cache}, secrets...)
}

func grantsWith(t testing.TB, opts grant.Options, secrets ...string) *grant.Grants {
	t.Helper()
	if len(secrets) == 0 {
		secrets = []string{secretA}
	}
	var list [][]byte
	for _, s := range secrets {
		list = append(list, []byte(s))
	}
	ring, err := seal.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	opts.Sealer, opts.Signer = ring.Sealer("grant"), ring.MAC("refresh")
	g, err := grant.NewGrants(opts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func begin(t testing.TB, g *grant.Grants) string {
	t.Helper()
	code, err := g.Begin(t.Context(), asked, bound(), []byte("upstream"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func redeem(t testing.TB, g *grant.Grants, code string) (refresh, id string) {
	t.Helper()
	turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if refresh, err = turn.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return refresh, turn.Grant.ID
}

func refresh(t testing.TB, g *grant.Grants, token string) (string, error) {
	t.Helper()
	turn, err := g.Refresh(t.Context(), token, clientID)
	if err != nil {
		return "", err
	}
	return turn.Commit(t.Context())
}

func mustRefresh(t testing.TB, g *grant.Grants, token string) string {
	t.Helper()
	next, err := refresh(t, g, token)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestAGrantGoesOnOnEveryReplica(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	code := begin(t, a)
	token, id := redeem(t, b, code)
	for range 5 {
		a, b = b, a
		c.advance(20 * 24 * time.Hour)
		next := mustRefresh(t, a, token)
		if next == token {
			t.Fatal("a refresh token does not change")
		}
		token = next
		got, err := b.Lookup(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		want := asked
		want.ID, want.Born = id, got.Born
		if diff := cmp.Diff(want, got); diff != "" || got.Born.IsZero() {
			t.Errorf("born %v, %s", got.Born, diff)
		}
		data, version, found, err := a.ProviderStates().Load(t.Context(), id)
		if string(data) != "upstream" || version != 1 || !found || err != nil {
			t.Errorf("upstream %q %d %v %v", data, version, found, err)
		}
	}
}

func TestACodeThatIsReplayedEndsTheGrant(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	code := begin(t, a)
	token, id := redeem(t, a, code)
	_, err := b.Redeem(t.Context(), code, clientID, redirect, verifier)
	wantErr(t, "replay", err, grant.ErrReplayed)
	_, err = refresh(t, a, token)
	wantErr(t, "refresh after it", err, grant.ErrRevoked)
	_, err = a.Lookup(t.Context(), id)
	wantErr(t, "look-up after it", err, grant.ErrRevoked)
	if _, _, found, err := a.ProviderStates().Load(t.Context(), id); found || err != nil {
		t.Errorf("the provider's part is still there: %v", err)
	}
}

func TestACodeThatIsRedeemedTwiceAtOnceEndsTheGrant(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	code := begin(t, a)
	one, err1 := a.Redeem(t.Context(), code, clientID, redirect, verifier)
	two, err2 := b.Redeem(t.Context(), code, clientID, redirect, verifier)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if _, err := one.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := two.Commit(t.Context())
	wantErr(t, "the second", err, grant.ErrReplayed)
	_, err = a.Lookup(t.Context(), one.Grant.ID)
	wantErr(t, "look-up", err, grant.ErrRevoked)
}

func TestACodeIsGoodForItsOwnRequestOnly(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	for name, try := range map[string][3]string{
		"another client":   {"other-client", redirect, verifier},
		"another redirect": {clientID, redirect + "/", verifier},
		"another verifier": {clientID, redirect, verifier + "x"},
		"no verifier":      {clientID, redirect, ""},
	} {
		code := begin(t, g)
		_, err := g.Redeem(t.Context(), code, try[0], try[1], try[2])
		wantErr(t, name, err, grant.ErrMismatch)
		_, err = g.Redeem(t.Context(), code, clientID, redirect, verifier)
		wantErr(t, "after "+name, err, grant.ErrRevoked)
	}
}

func TestCodesAndRefreshTokensThatAreNotOurs(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	code := begin(t, g)
	flipped := []byte(code)
	flipped[len(flipped)-2] ^= 1 // the last letter may have bits that mean nothing
	for _, bad := range []string{"", "x", code[1:], code + "A", string(flipped), code + "\n", strings.Repeat("A", len(code))} {
		_, err := g.Redeem(t.Context(), bad, clientID, redirect, verifier)
		wantErr(t, "code "+bad, err, grant.ErrNoGrant)
	}
	token, _ := redeem(t, g, code)
	other := []byte(token)
	other[24] ^= 1 // another number
	for _, bad := range []string{"", "x", token[1:], token + "A", string(other), token + "\n"} {
		_, err := g.Refresh(t.Context(), bad, clientID)
		wantErr(t, "token "+bad, err, grant.ErrNoGrant)
	}
	_, err := c.grants(secretB).Refresh(t.Context(), token, clientID)
	wantErr(t, "another secret", err, grant.ErrNoGrant)
	_, err = g.Refresh(t.Context(), token, "other-client")
	wantErr(t, "another client", err, grant.ErrMismatch)
	mustRefresh(t, g, token)
}

func TestACodeLivesForAMinute(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	code := begin(t, g)
	c.advance(time.Minute)
	_, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
	wantErr(t, "late", err, grant.ErrNoGrant)
}

func TestManyRefreshesAtOnceLeadToOneToken(t *testing.T) {
	c := newCluster(t)
	replicas := []*grant.Grants{c.grants(), c.grants(), c.grants()}
	first, _ := redeem(t, replicas[0], begin(t, replicas[0]))
	var wg sync.WaitGroup
	got := make([]string, 30)
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = refresh(t, replicas[i%3], first); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, token := range got {
		if token != got[0] || token == "" {
			t.Fatalf("%q and %q", token, got[0])
		}
	}
}

// Two prepare a rotation of the same state, and one after the other takes it.
func TestTheLoserOfARotationGetsTheWinnersToken(t *testing.T) {
	c := newCluster(t)
	one, two := c.grants(), c.grants()
	first, _ := redeem(t, one, begin(t, one))
	c.advance(grace + time.Second)
	token := mustRefresh(t, one, first)
	c.advance(grace + time.Second)
	winner, err1 := one.Refresh(t.Context(), token, clientID)
	loser, err2 := two.Refresh(t.Context(), token, clientID)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	theirs, err1 := winner.Commit(t.Context())
	ours, err2 := loser.Commit(t.Context())
	if err1 != nil || err2 != nil || theirs != ours || theirs == token {
		t.Errorf("%v, %v; one token for both: %v, another one than before: %v", err1, err2, theirs == ours, theirs != token)
	}
	mustRefresh(t, one, ours)
}

func TestGrantsEndByAgeAndDisuse(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	token, _ := redeem(t, g, begin(t, g))
	for range 18 {
		c.advance(20 * 24 * time.Hour)
		token = mustRefresh(t, g, token)
	}
	c.advance(5 * 24 * time.Hour)
	_, err := refresh(t, g, token)
	wantErr(t, "after a year", err, grant.ErrNoGrant)
	if c.server == nil {
		return
	}
	_, id := redeem(t, g, begin(t, g))
	for _, key := range []string{"gw:g:" + id, "gw:u:" + id} {
		if ttl := c.server.Client().PTTL(t.Context(), key).Val(); ttl <= 29*24*time.Hour || ttl > 30*24*time.Hour {
			t.Errorf("%s lives for %v", key, ttl)
		}
	}
	if err := g.Revoke(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if ttl := c.server.Client().PTTL(t.Context(), "gw:g:"+id).Val(); ttl < 6*time.Minute {
		t.Errorf("the mark lives for %v, less than an access token and the difference of clocks", ttl)
	}
}

func TestSecretsOfGrantsRotate(t *testing.T) {
	c := newCluster(t)
	before, adding, promoted := c.grants(), c.grants(secretA, secretB), c.grants(secretB, secretA)
	token, _ := redeem(t, adding, begin(t, before))
	for _, g := range []*grant.Grants{promoted, adding, promoted, c.grants(secretB)} {
		c.advance(grace + time.Second)
		next := mustRefresh(t, g, token)
		if next == token {
			t.Error("a family is not rotated")
		}
		token = next
	}
	id, _ := promoted.OfRefreshToken(token)
	if data, version, found, err := c.grants(secretB).ProviderStates().Load(t.Context(), id); err != nil || !found || version != 1 || string(data) != "upstream" {
		t.Errorf("the provider's part without the old secret: %q %d %v %v", data, version, found, err)
	}
}

func TestAGrantIsReadableInItsOwnPlaceOnly(t *testing.T) {
	c := newRealCluster(t)
	g := c.grants()
	_, one := redeem(t, g, begin(t, g))
	_, two := redeem(t, g, begin(t, g))
	client := c.server.Client()
	raw, err := client.Get(t.Context(), "gw:g:"+one).Bytes()
	if err != nil || bytes.Contains(raw, []byte("ann")) || bytes.Contains(raw, []byte(clientID)) {
		t.Fatalf("%q, %v", raw, err)
	}
	if up, err := client.Get(t.Context(), "gw:u:"+one).Bytes(); err != nil || bytes.Contains(up, []byte("upstream")) {
		t.Fatalf("%q, %v", up, err)
	}
	client.Set(t.Context(), "gw:g:"+two, raw, time.Hour)
	_, err = g.Lookup(t.Context(), two)
	wantErr(t, "moved", err, grant.ErrUnreadable)
	raw[1] = 1 // its code was not redeemed yet, somebody claims
	client.Set(t.Context(), "gw:g:"+one, raw, time.Hour)
	_, err = g.Lookup(t.Context(), one)
	wantErr(t, "set back", err, grant.ErrUnreadable)
}

func TestAStoreThatIsDownEndsNoGrant(t *testing.T) {
	g := grantsOver(t, sessiontest.Nowhere{}, sessiontest.Nowhere{}, time.Now, nil)
	working := newCluster(t).grants()
	code := begin(t, working)
	token, id := redeem(t, working, begin(t, working))
	_, err := g.Begin(t.Context(), asked, bound(), nil)
	wantErr(t, "begin", err, session.ErrUnavailable)
	_, err = g.Redeem(t.Context(), code, clientID, redirect, verifier)
	wantErr(t, "redeem", err, session.ErrUnavailable)
	_, err = g.Refresh(t.Context(), token, clientID)
	wantErr(t, "refresh", err, session.ErrUnavailable)
	_, err = g.Lookup(t.Context(), id)
	wantErr(t, "look-up", err, session.ErrUnavailable)
	wantErr(t, "revoke", g.Revoke(t.Context(), id), session.ErrUnavailable)
	redeem(t, working, code)
	mustRefresh(t, working, token)
}

func TestUpstreamChangesWinOnceAndLeasesExclude(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	_, id := redeem(t, a, begin(t, a))
	ctx := t.Context()
	release, held, err := a.ProviderStates().Lease(ctx, id, time.Hour)
	if !held || err != nil {
		t.Fatal(held, err)
	}
	if _, held, err := b.ProviderStates().Lease(ctx, id, time.Hour); held || err != nil {
		t.Errorf("two hold it: %v", err)
	}
	if saved, err := a.ProviderStates().Save(ctx, id, 1, []byte("new")); !saved || err != nil {
		t.Errorf("%v %v", saved, err)
	}
	if saved, err := b.ProviderStates().Save(ctx, id, 1, []byte("stale")); saved || err != nil {
		t.Errorf("%v %v", saved, err)
	}
	release(context.WithoutCancel(ctx))
	data, version, found, err := b.ProviderStates().Load(ctx, id)
	if string(data) != "new" || version != 2 || !found || err != nil {
		t.Errorf("%q %d %v %v", data, version, found, err)
	}
}

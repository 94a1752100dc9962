package upstream

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// stored is a person whose grant is in a Redis, and the replicas that serve it.
type stored struct {
	*signedIn
	grant  string
	stores []*redisstore.Store // of the replicas
}

// overRedis runs a test over a real Redis and over the one within a process, in which all replicas
// are.
func overRedis(t *testing.T, test func(t *testing.T, s *stored)) {
	t.Helper()
	t.Run("redis-server", func(t *testing.T) {
		url := redistest.Start(t).URL()
		test(t, newStored(t, func() *redisstore.Store { return openStore(t, url, time.Minute) }))
	})
	t.Run("embedded", func(t *testing.T) {
		store := embedded.Open(redisstore.Options{Timeout: time.Minute})
		t.Cleanup(func() { _ = store.Close() })
		test(t, newStored(t, func() *redisstore.Store { return store }))
	})
}

func openStore(t *testing.T, url string, timeout time.Duration) *redisstore.Store {
	t.Helper()
	store, err := redisstore.Open(url, redisstore.Options{Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func newStored(t *testing.T, open func() *redisstore.Store) *stored {
	t.Helper()
	i := newIDP(t)
	s := &stored{signedIn: &signedIn{idp: i}}
	person, err := i.signIn(t, i.provider(t))
	if err != nil {
		t.Fatal(err)
	}
	s.subject = person.Subject
	keys, err := seal.New([]byte("a secret of thirty-two characters"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		store := open()
		grants, err := grant.NewGrants(grant.Options{
			Records: store.Grants(), Upstream: store.ProviderStates(), Sealer: keys.Sealer("grants"), Signer: keys.MAC("tokens"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			binding := grant.Binding{RedirectURI: "http://127.0.0.1/", Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}
			if _, err := grants.Begin(t.Context(), grant.Grant{
				Subject: person.Subject, ClientID: "client", Resource: "https://mcp.example.com/mcp", Scopes: []string{"messages:read"},
			}, binding, person.Upstream); err != nil {
				t.Fatal(err)
			}
		}
		host := &mortal{Store: grants.ProviderStates()}
		l, err := NewLogin(LoginOptions{Provider: i.provider(t), Store: host})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close(context.Background()) })
		s.replicas, s.hosts, s.stores = append(s.replicas, l), append(s.hosts, host), append(s.stores, store)
	}
	for record, err := range s.stores[0].ProviderStates().Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		s.grant = record.Name
	}
	s.ctx = request.With(t.Context(), &request.Request{Caller: identity.Caller{Grant: s.grant}})
	return s
}

// leaseEnds takes the lease from whoever has it, as time would.
func (s *stored) leaseEnds(t *testing.T) {
	t.Helper()
	bucket, name := s.stores[0].ProviderStates(), s.grant+"-lease"
	holder, found, err := bucket.Get(t.Context(), name)
	if err != nil || !found {
		t.Fatalf("nobody holds the lease: %v", err)
	}
	if ended, err := bucket.CompareAndSwap(t.Context(), name, holder, holder, time.Millisecond); err != nil || !ended {
		t.Fatalf("the lease stays: %v", err)
	}
}

func TestReplicasOverRedisRefreshOnce(t *testing.T) {
	overRedis(t, func(t *testing.T, s *stored) {
		s.pass(life)
		var calls sync.WaitGroup
		for n := range 100 {
			calls.Go(func() {
				if c, _, err := s.took(n % 3); err != nil || c != clerkapi.Bearer("access-2") {
					t.Errorf("not the new token, or an error: %v", err)
				}
			})
		}
		calls.Wait()
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

func TestADeadHolderOverRedisCostsOneSignIn(t *testing.T) {
	overRedis(t, func(t *testing.T, s *stored) {
		s.pass(life)
		s.killed(0)
		_, _, _ = s.took(0)
		s.set(func() { s.gate = nil })
		s.leaseEnds(t)
		for _, replica := range []int{1, 2} {
			if _, _, err := s.took(replica); !errors.Is(err, ErrGrantOver) {
				t.Errorf("replica %d: %v; want %v", replica, err, ErrGrantOver)
			}
		}
		if n := s.asked(refreshes); n != 2 {
			t.Errorf("the old token was tried %d times, want once", n-1)
		}
	})
}

func TestCallsOverRedisGoOnWhileADeadHolderHasTheLease(t *testing.T) {
	overRedis(t, func(t *testing.T, s *stored) {
		s.pass(life - ahead(life))
		dying := s.replicas[0]
		s.killed(0)
		f, _ := dying.joinRenewal(s.ctx, s.grant, s.subject, func(s *state) bool { return s.Access == "access-1" })
		<-f.Done()
		for _, replica := range []int{1, 2} {
			if c, _, err := s.took(replica); err != nil || c != clerkapi.Bearer("access-1") {
				t.Errorf("replica %d: not the old token, or an error: %v", replica, err)
			}
		}
		if n := s.asked(refreshes); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

func TestARedisThatBlinksLosesNoToken(t *testing.T) {
	server := redistest.Start(t)
	s := newStored(t, func() *redisstore.Store { return openStore(t, server.URL(), 200*time.Millisecond) })
	s.pass(life)
	s.meanwhile(server.Stop)
	c, _, err := s.took(0)
	server.Continue()
	if err != nil || c != clerkapi.Bearer("access-2") {
		t.Errorf("not the new token, or an error: %v", err)
	}
	testkit.Eventually(t, "the other replica has the token", func() bool {
		c, _, err := s.took(1)
		if err != nil && !errors.Is(err, ErrUnavailable) { // a circuit may be open
			t.Fatalf("the other replica: %v", err)
		}
		return err == nil && c == clerkapi.Bearer("access-2")
	})
	if n := s.asked(refreshes); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

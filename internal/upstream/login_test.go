package upstream

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// signedIn is a person whose sign-in is stored, and the replicas that serve it.
type signedIn struct {
	*idp
	store    *memory
	subject  string
	ctx      context.Context
	replicas []*Login
	hosts    []*mortal // of the replicas

	noted  sync.Mutex
	checks []Check
	ended  int
	noRoom bool
}

// options are a replica's, with what came of its checks noted.
func (s *signedIn) options(p *Provider, store Store) LoginOptions {
	return LoginOptions{
		Provider: p, Store: store,
		Room: func(context.Context) bool { s.noted.Lock(); defer s.noted.Unlock(); return !s.noRoom },
		End:  func(context.Context, string) error { s.noted.Lock(); defer s.noted.Unlock(); s.ended++; return nil },
		OnCheck: func(_ context.Context, c Check) {
			s.noted.Lock()
			defer s.noted.Unlock()
			s.checks = append(s.checks, c)
		},
	}
}

// results are what came of all checks, with the reasons of those that said something else than yes.
func (s *signedIn) results() (all []string) {
	s.noted.Lock()
	defer s.noted.Unlock()
	for _, c := range s.checks {
		all = append(all, strings.TrimSpace(string(c.Result)+" "+c.Reason))
	}
	return all
}

func newSignedIn(t testing.TB, replicas int) *signedIn {
	t.Helper()
	return newIDP(t).serving(t, replicas)
}

// request is another request of the person.
func (s *signedIn) request() context.Context {
	own := *request.From(s.ctx)
	own.SignIn = nil
	return request.With(s.ctx, &own)
}

// serving signs a person in and starts replicas.
func (i *idp) serving(t testing.TB, replicas int) *signedIn {
	t.Helper()
	person, err := i.signIn(t, i.provider(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &signedIn{
		idp: i, store: &memory{data: person.Upstream, version: 1}, subject: person.Subject,
		ctx: request.With(t.Context(), &request.Request{Caller: identity.Caller{Grant: "g"}}),
	}
	for range replicas {
		host := &mortal{Store: s.store}
		l, err := NewLogin(s.options(i.provider(t), host))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close(context.Background()) })
		s.replicas, s.hosts = append(s.replicas, l), append(s.hosts, host)
	}
	return s
}

func (s *signedIn) pass(d time.Duration) { s.set(func() { s.now = s.now.Add(d) }) }

func (s *signedIn) credential() (clerkapi.Credential, error) {
	return s.replicas[0].Credential(s.ctx, s.subject)
}

func (s *signedIn) gives(t testing.TB, token string) {
	t.Helper()
	if c, err := s.credential(); err != nil || c != clerkapi.Bearer(token) {
		t.Errorf("not %s, or an error: %v", token, err)
	}
}

func (s *signedIn) fails(t testing.TB, want error) {
	t.Helper()
	_, err := s.credential()
	if !errors.Is(err, want) || errors.Is(err, ErrGrantOver) && errors.Is(err, ErrUnavailable) {
		t.Errorf("%v; want %v", err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "refresh-") || strings.Contains(err.Error(), "access-")) {
		t.Errorf("the error has a token in it: %v", err)
	}
}

const refreshes = "/tokenrefresh_token"

func TestATokenThatIsFreshCostsTheProviderNothing(t *testing.T) {
	s := newSignedIn(t, 1)
	s.pass(3 * time.Minute)
	s.gives(t, "access-1")
	if n := s.asked(refreshes); n != 0 {
		t.Errorf("%d refreshes", n)
	}
}

func TestAHundredCallsOnThreeReplicasRefreshOnce(t *testing.T) {
	s := newSignedIn(t, 3)
	s.pass(5 * time.Minute)
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			if c, err := s.replicas[n%3].Credential(s.ctx, s.subject); err != nil || c != clerkapi.Bearer("access-2") {
				t.Errorf("not the new token, or an error: %v", err)
			}
		})
	}
	wg.Wait()
	if n := s.asked(refreshes); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestACallerThatGoesAwayDoesNotEndARenewal(t *testing.T) {
	s := newSignedIn(t, 1)
	s.pass(5 * time.Minute)
	ctx, cancel := context.WithCancel(s.ctx)
	s.set(func() { s.gate = func(string) { cancel() } })
	if _, err := s.replicas[0].Credential(ctx, s.subject); err != nil && !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	s.gives(t, "access-2")
	if n := s.asked(refreshes); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestInvalidGrantDoesNotCountIfSomebodyElseStored(t *testing.T) {
	s := newSignedIn(t, 1)
	s.pass(5 * time.Minute)
	// A holder that had stalled past its lease stores while ours is told that the token is used up.
	theirs := &state{Subject: s.subject, Access: "theirs", Expires: s.Now().Add(time.Hour)}
	data, err := theirs.encode()
	if err != nil {
		t.Fatal(err)
	}
	s.set(func() {
		s.refresh = "rotated by the other"
		s.gate = func(string) { s.store.set(func() { s.store.data = data; s.store.version++ }) }
	})
	s.gives(t, "theirs")
}

func TestARevokedGrantIsOver(t *testing.T) {
	s := newSignedIn(t, 1)
	s.pass(5 * time.Minute)
	s.set(func() { s.refresh = "" })
	s.fails(t, ErrGrantOver)
	s.fails(t, clerkapi.ErrNoCredential)
}

// The provider has said that it is over, and only the store could not take that.
func TestAGrantThatIsOverIsNotServedFromMemory(t *testing.T) {
	s := newSignedIn(t, 1)
	s.gives(t, "access-1")
	s.set(func() { s.refresh = "" })
	s.store.set(func() { s.store.loseSave = true })
	if _, err := s.replicas[0].Renewed(s.ctx, s.subject, clerkapi.Bearer("access-1")); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	s.store.set(func() { s.store.down = true })
	s.fails(t, ErrUnavailable)
}

func TestAnotherSubjectOrGrantGetsNothing(t *testing.T) {
	s := newSignedIn(t, 1)
	if _, err := s.replicas[0].Credential(s.ctx, "somebody else"); !errors.Is(err, ErrGrantOver) {
		t.Errorf("another subject: %v", err)
	}
	if _, err := s.replicas[0].Credential(t.Context(), s.subject); !errors.Is(err, ErrGrantOver) {
		t.Errorf("no grant: %v", err)
	}
}

func TestAProviderThatIsDownEndsNoGrant(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests,
		http.StatusForbidden, http.StatusOK} {
		s := newSignedIn(t, 1)
		s.pass(4*time.Minute + 30*time.Second)
		s.set(func() { s.status = status })
		s.gives(t, "access-1") // it need not be renewed yet
		s.pass(time.Minute)
		s.fails(t, ErrUnavailable)
		s.set(func() { s.status = 0 })
		s.pass(metadataWait) // longer than nobody asks
		s.gives(t, "access-2")
	}
}

func TestNoRefreshStartsWhileTheStoreIsDown(t *testing.T) {
	s := newSignedIn(t, 1)
	s.gives(t, "access-1")
	s.store.set(func() { s.store.down = true })
	s.pass(4*time.Minute + 30*time.Second)
	s.gives(t, "access-1") // from memory, until it ends
	s.pass(time.Minute)
	s.fails(t, ErrUnavailable)
	if n := s.asked(refreshes); n != 0 {
		t.Errorf("%d refreshes", n)
	}
	s.store.set(func() { s.store.down = false })
	s.gives(t, "access-2")
}

func TestALostStoreIsASignInAndNotAnOutage(t *testing.T) {
	s := newSignedIn(t, 1)
	s.gives(t, "access-1")
	s.store.set(func() { s.store.data = nil })
	s.fails(t, ErrGrantOver)
}

func TestATokenThatTheAPIRefusesIsRenewedOnce(t *testing.T) {
	s := newSignedIn(t, 1)
	old := clerkapi.Bearer("access-1")
	for range 2 { // the second one hears of the first one's
		c, err := s.replicas[0].Renewed(s.ctx, s.subject, old)
		if err != nil || c != clerkapi.Bearer("access-2") {
			t.Errorf("not the new token, or an error: %v", err)
		}
	}
	if n := s.asked(refreshes); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestRulesAreAskedWithWhatARefreshSays(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"not allowed any more": {"email_verified": false},
		"somebody else":        {"sub": "bob"},
	} {
		s := newSignedIn(t, 1)
		s.pass(5 * time.Minute)
		s.set(func() { s.idOnRenew, s.claims = true, claims })
		t.Log(name)
		s.fails(t, ErrGrantOver)
	}
	s := newSignedIn(t, 1)
	s.pass(5 * time.Minute)
	s.set(func() { s.idOnRenew = true })
	s.gives(t, "access-2")
}

func TestWhatIsStoredMayBeAnything(t *testing.T) {
	s := newSignedIn(t, 1)
	for name, broken := range map[string]func(){
		"not ours to read": func() { s.store.data = []byte("{") }, "sealed otherwise": func() { s.store.foreign = true },
	} {
		s.store.set(broken)
		t.Log(name)
		s.fails(t, ErrUnreadable) // and nobody has to sign in for it
		s.fails(t, ErrUnavailable)
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(`{"sub":"s","access":"a","expires":"2026-11-23T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeState(data)
		if err == nil && s.Subject == "" {
			t.Error("a state of nobody")
		}
	})
}

package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// counting are records that count what is written.
type counting struct {
	session.Records
	writes *atomic.Int64
}

func (c counting) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	c.writes.Add(1)
	return c.Records.SetNX(ctx, name, value, ttl)
}

func (c counting) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	c.writes.Add(1)
	return c.Records.CompareAndSwap(ctx, name, old, value, ttl)
}

func (c counting) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) ([]byte, bool, error) {
	c.writes.Add(1)
	return c.Records.GetSet(ctx, name, value, ttl)
}

// over makes a world whose records of each kind are wrapped.
func over(t testing.TB, wrap func(session.Records) session.Records, change ...func(*authserver.Options)) *world {
	store := embedded.Open(redisstore.Options{Timeout: 10 * time.Second})
	t.Cleanup(func() { _ = store.Close() })
	return newWorldOver(t, false, append([]func(*authserver.Options){func(o *authserver.Options) {
		ring := must(seal.New([]byte("a secret of at least thirty-two bytes")))
		o.Grants = must(grant.NewGrants(grant.Options{
			Records: wrap(store.Grants()), Upstream: wrap(store.ProviderStates()), Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"), Now: o.Now,
		}))
		o.AuthRequests = must(grant.NewAuthRequests(wrap(store.AuthRequests()), ring.Sealer("exchange"), 15*time.Minute))
		o.Consents = grant.NewConsents(wrap(store.Consents()), ring.Sealer("consent"))
	}}, change...)...)
}

// Consent pages, and their approval, are free of charge: whoever answers them needs no account.
func TestConsentPagesAreStoredNowhere(t *testing.T) {
	var writes atomic.Int64
	w := over(t, func(r session.Records) session.Records { return counting{r, &writes} })
	c := w.program(localRedirect)
	var location string
	for range 100 {
		p := w.browser()
		location = p.submit(form(p.open(c.request()).body)).location
	}
	if n := writes.Load(); n != 0 || !strings.HasPrefix(location, w.url+"/provider?") {
		t.Errorf("%d writes, leads to %q", n, location)
	}
	// Who comes back without an account leaves a mark that ends by itself, and no more.
	w.provider.set("", authserver.ErrDenied, nil)
	if q := w.browser().signIn(c.request()); q.Get("error") != "access_denied" || writes.Load() != 1 {
		t.Errorf("%d writes, %v", writes.Load(), q)
	}
}

func TestAStoreThatIsEmptiedDuringASignInLosesNobody(t *testing.T) {
	w := newWorld(t)
	if w.redis == nil {
		t.Skip("skip: no redis-server on this machine; apt-get install redis-server provides it")
	}
	c, p := w.program(localRedirect), w.browser()
	callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
	if err := w.redis.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	at := p.open(callback)
	if status, out := c.redeem(must(url.Parse(at.location)).Query().Get("code")); status != http.StatusOK {
		t.Errorf("%q: %d %v", at.location, status, out)
	}
}

// pendingCookies are a browser's sign-ins under way, as a Cookie header has them.
func (p *person) pendingCookies() (found []*http.Cookie) {
	for _, c := range p.http.Jar.Cookies(must(url.Parse(p.w.url))) {
		if strings.HasPrefix(c.Name, "gateway-signin-") {
			found = append(found, c)
		}
	}
	return found
}

func (p *person) plant(name, value string) {
	p.http.Jar.SetCookies(must(url.Parse(p.w.url)), []*http.Cookie{{Name: name, Path: "/", Value: value}})
}

func TestACookieOfASignInIsShortAndShowsNothing(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		state string
		most  int
	}{
		"usual":   {strings.Repeat("s", 43), 700},
		"longest": {strings.Repeat("s", 1024), 3500},
	} {
		c, p := w.program("http://127.0.0.1:33418/oauth/callback"), w.browser()
		at := p.submit(form(p.open(c.request("state", tc.state)).body))
		set := at.header.Get("Set-Cookie")
		cookie, attributes, _ := strings.Cut(set, ";")
		if len(cookie) > tc.most || !strings.Contains(attributes, "Max-Age=600") {
			t.Errorf("%s: %d bytes,%s", name, len(cookie), attributes)
		}
		for _, secret := range []string{strings.Repeat("s", 9), "127.0.0.1", "Test app", "messages", "keep state"} {
			if strings.Contains(cookie, secret) {
				t.Errorf("%s: it shows %q", name, secret)
			}
		}
	}
}

func TestARequestThatABrowserCannotCarryIsRefused(t *testing.T) {
	w := newWorld(t, listed(t))
	c := w.program(localRedirect)
	for name, tc := range map[string]struct {
		state string
		ok    bool
	}{
		"the longest state": {strings.Repeat("s", 1024), true},
		"a longer one":      {strings.Repeat("s", 1025), false},
		"a very long one":   {strings.Repeat("s", 5000), false},
	} {
		at := w.browser().open(c.request("state", tc.state))
		q := must(url.Parse(at.location)).Query()
		if tc.ok && at.status != http.StatusOK || !tc.ok && (q.Get("error") != "invalid_request" || q.Get("state") != tc.state ||
			!strings.Contains(q.Get("error_description"), "1024")) {
			t.Errorf("%s: %d %v", name, at.status, q)
		}
	}
	// A long redirect and a long state are each good, and not together.
	long := "https://app.example/" + strings.Repeat("r", 1900)
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":["` + long + `"]}`)
	c = document(w, documentID)
	c.redirect = long
	if at := w.browser().open(c.request()); at.status != http.StatusOK {
		t.Errorf("a long redirect: %d %s", at.status, text(at.body))
	}
	at := w.browser().open(c.request("state", strings.Repeat("s", 1024)))
	if q := must(url.Parse(at.location)).Query(); q.Get("error") != "invalid_request" || !strings.Contains(q.Get("error_description"), "too long together") {
		t.Errorf("both long: %d %v", at.status, q)
	}
}

func TestABrowserHasFiveSignInsAndTheOldestGoes(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.browser()
	callbacks := make([]string, 7)
	for i := range callbacks {
		w.ahead.Store(int64(time.Duration(i) * time.Second)) // the clock decides which is older
		if i == 3 {
			p.plant("gateway-signin-AAAAAAAA-"+must(url.Parse(w.url)).Port(), "junk")
		}
		callbacks[i] = p.open(p.submit(form(p.open(c.request("state", fmt.Sprint("state-", i))).body)).location).location
		if n := len(p.pendingCookies()); n > 5 {
			t.Errorf("%d sign-ins under way", n)
		}
	}
	for i, callback := range callbacks {
		if at := p.open(callback); (at.status == http.StatusSeeOther) != (i >= 2) {
			t.Errorf("%d: %d %q", i, at.status, at.location)
		}
	}
	if n := len(p.pendingCookies()); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// A cookie is of its own sign-in and its own browser's session, until its time is up.
func TestACookieIsGoodForItsOwnSignInInItsOwnBrowser(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	started := func(p *person) (callback string, cookie *http.Cookie) {
		before := len(p.pendingCookies())
		callback = p.open(p.submit(form(p.open(c.request()).body)).location).location
		all := p.pendingCookies()
		if len(all) != before+1 {
			t.Fatalf("%d cookies", len(all))
		}
		for _, cookie = range all {
			if strings.HasPrefix(w.cookieOf(callback), cookie.Name) {
				break
			}
		}
		return callback, cookie
	}
	refused := func(what string, at page) {
		t.Helper()
		if at.status != http.StatusBadRequest || at.location != "" || !strings.Contains(text(at.body), "start again from your app") {
			t.Errorf("%s: %d %q", what, at.status, at.location)
		}
	}
	p := w.browser()
	callback, cookie := started(p)
	other := w.browser()
	_, theirs := started(other)
	p.plant(cookie.Name, theirs.Value)
	refused("another sign-in's under this one's name", p.open(callback))
	p.plant(cookie.Name, cookie.Value[:len(cookie.Value)-2]+"AA")
	refused("changed", p.open(callback))
	other.plant(cookie.Name, cookie.Value)
	refused("in another browser", other.open(callback))
	p.plant(cookie.Name, cookie.Value)
	w.ahead.Store(int64(11 * time.Minute)) // whatever the browser thinks: it keeps the planted one
	refused("when its time is up", p.open(callback))
	w.ahead.Store(0)
	if at := p.open(callback); at.status != http.StatusSeeOther {
		t.Errorf("the good one: %d %s", at.status, text(at.body))
	}
	p.plant(cookie.Name, cookie.Value)
	refused("again", p.open(callback))
}

// cookieOf is the name of the cookie that goes with a callback.
func (w *world) cookieOf(callback string) string {
	return authserver.PendingName(must(url.Parse(callback)).Query().Get("state")) + "-" + must(url.Parse(w.url)).Port()
}

// Somebody plants a sign-in of theirs, without its browser's session, in somebody else's browser.
func TestAPlantedSignInIsNotTakenForTheBrowsersOwn(t *testing.T) {
	w, _ := newLinkingWorld(t)
	c, mallory := w.program(localRedirect), w.browser()
	w.provider.set("mallory", nil, nil)
	for what, start := range map[string]func() string{
		"of an app": func() string { return mallory.submit(form(mallory.open(c.request()).body)).location },
		"for a key": func() string { return mallory.open(w.url + authserver.AccountKeyPath).location },
	} {
		callback := mallory.open(start()).location
		victim := w.browser()
		for _, cookie := range mallory.pendingCookies() {
			victim.plant(cookie.Name, cookie.Value)
		}
		at := victim.open(callback)
		asked := strings.Contains(at.body, `value="allow"`) && strings.Contains(text(at.body), "mallory@example.com")
		if at.location != "" || strings.Contains(at.body, `name="key"`) || asked != (what == "of an app") {
			t.Errorf("%s: %d %q %s", what, at.status, at.location, text(at.body))
		}
	}
}

// While somebody redeems an answer, the same answer waits; it can be loaded again.
func TestAnAnswerThatIsBeingRedeemedIsNotRedeemedTwice(t *testing.T) {
	var asked atomic.Int64
	entered, proceed := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(o *authserver.Options) {
		o.SignIn = slow{o.SignIn, func() {
			if asked.Add(1) == 1 {
				close(entered)
				<-proceed
			}
		}}
	})
	c, p := w.program(localRedirect), w.thief()
	callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
	done := make(chan page)
	go func() { done <- p.open(callback) }()
	<-entered
	at := p.open(callback)
	if at.status != http.StatusServiceUnavailable || at.header.Get("Retry-After") == "" || !strings.Contains(at.body, `href=""`) {
		t.Errorf("meanwhile: %d %s", at.status, text(at.body))
	}
	close(proceed)
	if at := <-done; !strings.Contains(at.location, "code=") {
		t.Errorf("the first: %d %q", at.status, at.location)
	}
	if at := p.open(callback); at.status != http.StatusBadRequest || asked.Load() != 1 {
		t.Errorf("afterwards: %d, redeemed %d times", at.status, asked.Load())
	}
}

// slow is a sign-in that tells when an answer is redeemed.
type slow struct {
	authserver.SignIn
	redeem func()
}

func (s slow) Finish(ctx context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	s.redeem()
	return s.SignIn.Finish(ctx, answer, keep)
}

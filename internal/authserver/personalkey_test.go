package authserver_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// linker keeps keys in memory. "bad" is refused, "later" cannot be tested.
type linker struct {
	mu   sync.Mutex
	keys map[string]string // by subject
	// refused are no longer accepted.
	refused map[string]bool
	err     error
}

func (l *linker) set(f func()) { l.mu.Lock(); defer l.mu.Unlock(); f() }

func (l *linker) of(subject string) string { l.mu.Lock(); defer l.mu.Unlock(); return l.keys[subject] }

func (l *linker) Check(ctx context.Context, subject string) (authserver.Link, error) {
	return l.Find(ctx, subject)
}

func (l *linker) Find(_ context.Context, subject string) (authserver.Link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.keys[subject]
	if key == "" || l.err != nil {
		return authserver.Link{}, l.err
	}
	return authserver.Link{
		ID: "id of " + key, Hint: key[len(key)-1:], Since: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Refused: l.refused[key],
	}, nil
}

func (l *linker) Keep(_ context.Context, subject, key, replaces string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch old := l.keys[subject]; {
	case l.err != nil:
		return l.err
	case key == "":
		return authserver.ErrKeyMalformed
	case key == "bad":
		return authserver.ErrKeyRefused
	case key == "later":
		return authserver.ErrKeyUntested
	case old != "" && old != key && replaces != "id of "+old:
		return authserver.ErrKeyExists
	}
	l.keys[subject] = key
	return nil
}

func (l *linker) Remove(_ context.Context, subject, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch old := l.keys[subject]; {
	case l.err != nil:
		return l.err
	case old != "" && id != "id of "+old:
		return authserver.ErrKeyExists
	}
	delete(l.keys, subject)
	return nil
}

const annsSubject = "https://id.example#ann"

func newLinkingWorld(t *testing.T) (*world, *linker) {
	l := &linker{keys: map[string]string{}, refused: map[string]bool{}}
	return newWorld(t, func(o *authserver.Options) { o.Linker = l }), l
}

// keyForm is what the page for the key would send.
func keyForm(body, key string) url.Values {
	f := form(body)
	f.Del("scope")
	f.Set("decision", "link")
	f.Set("key", key)
	return f
}

func (p *person) submitKey(f url.Values) page {
	p.t.Helper()
	req := must(http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.w.url+authserver.KeyPath, strings.NewReader(f.Encode())))
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", p.w.url)
	return p.do(req)
}

// toKeyPage follows an authorization URL through the consent page to the page for the key.
func (p *person) toKeyPage(address string) page {
	p.t.Helper()
	at := p.open(address)
	for range 10 {
		switch {
		case strings.Contains(at.body, `name="key"`):
			return at
		case strings.Contains(at.body, `name="csrf"`):
			at = p.submit(form(at.body))
		case strings.HasPrefix(at.location, p.w.url):
			at = p.open(at.location)
		default:
			p.t.Fatalf("no page for the key, but %d %q %s", at.status, at.location, text(at.body))
		}
	}
	p.t.Fatal("the browser goes around in circles")
	return page{}
}

func TestAPersonIsAskedForTheirKeyOnceAfterSigningIn(t *testing.T) {
	w, l := newLinkingWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	at := p.toKeyPage(c.request())
	for _, want := range []string{"Ann", "ann@example.com", "Test app"} {
		if !strings.Contains(text(at.body), want) {
			t.Errorf("the page does not say %q: %s", want, text(at.body))
		}
	}
	policy := at.header.Get("Content-Security-Policy")
	if !strings.Contains(at.body, `type="password"`) || !strings.Contains(at.body, `name="key" required maxlength="512" autocomplete="off"`) ||
		!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
		at.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v\n%s", at.header, at.body)
	}
	at = p.submitKey(keyForm(at.body, "anns-key"))
	// Chromium holds redirects after a form to form-action, so the answer is a page.
	if at.status != http.StatusOK || at.header.Get("Location") != "" || !strings.HasPrefix(at.location, localRedirect) {
		t.Fatalf("%d %v", at.status, at.header)
	}
	if status, out := c.redeem(must(url.Parse(at.location)).Query().Get("code")); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	if l.of(annsSubject) != "anns-key" {
		t.Error("the key was not kept")
	}
	// Neither another client nor another browser is asked again.
	if q := w.browser().signIn(w.program(webRedirect).request()); q.Get("code") == "" {
		t.Errorf("a second sign-in: %v", q)
	}
	if log := w.log.String(); log != "" {
		t.Errorf("logged: %s", log)
	}
}

func TestAKeyThatWasNotStoredMayBeEnteredAgain(t *testing.T) {
	w, l := newLinkingWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	at := p.toKeyPage(c.request())
	for _, tc := range []struct {
		key    string
		status int
		want   string
	}{
		{"", http.StatusUnprocessableEntity, "This is not a key"},
		{"bad", http.StatusUnprocessableEntity, "does not accept this key"},
		{"later", http.StatusServiceUnavailable, "could not be reached to test the key, so it was not kept"},
	} {
		at = p.submitKey(keyForm(at.body, tc.key))
		if at.status != tc.status || !strings.Contains(text(at.body), tc.want) || at.location != "" ||
			tc.key != "" && strings.Contains(at.body, `"`+tc.key+`"`) {
			t.Errorf("%q: %d %s", tc.key, at.status, text(at.body))
		}
		if l.of(annsSubject) != "" {
			t.Errorf("%q was kept", tc.key)
		}
	}
	if at = p.submitKey(keyForm(at.body, "anns-key")); !strings.Contains(at.location, "code=") {
		t.Errorf("%d %q", at.status, at.location)
	}
}

func TestNoCodeIsIssuedWithoutAKey(t *testing.T) {
	w, l := newLinkingWorld(t)
	p := w.browser()
	f := keyForm(p.toKeyPage(w.program(localRedirect).request()).body, "anns-key")
	f.Set("decision", "cancel")
	at := p.submitKey(f)
	if q := must(url.Parse(at.location)).Query(); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("%d %v", at.status, q)
	}
	if at := p.submitKey(keyForm(at.body, "anns-key")); at.status != http.StatusBadRequest || l.of(annsSubject) != "" {
		t.Errorf("after giving up: %d", at.status)
	}
}

func TestKeyFormIsBoundToTheBrowserThatSignedIn(t *testing.T) {
	w, l := newLinkingWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	good := keyForm(p.toKeyPage(c.request()).body, "anns-key")
	other := w.browser()
	theirs := keyForm(other.open(c.request()).body, "mallorys-key")
	theirs.Set("handle", good.Get("handle"))
	noToken := url.Values{"decision": {"link"}, "key": {"mallorys-key"}, "handle": good["handle"]}
	for name, at := range map[string]page{
		"another browser":          other.submitKey(theirs),
		"another browser's token":  other.submitKey(good),
		"no cookies":               w.browser().submitKey(good),
		"no CSRF token":            p.submitKey(noToken),
		"a handle of nothing":      p.submitKey(url.Values{"decision": {"link"}, "key": {"k"}, "csrf": good["csrf"], "handle": {"x"}}),
		"as an answer to consent":  p.submit(url.Values{"decision": {"allow"}, "scope": {"messages:read"}, "csrf": good["csrf"], "handle": good["handle"]}),
		"as the provider's answer": p.open(w.url + authserver.CallbackPath + "?code=ann&state=" + good.Get("handle")),
	} {
		if at.status != http.StatusBadRequest || at.location != "" {
			t.Errorf("%s: %d %q", name, at.status, at.location)
		}
	}
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.KeyPath, strings.NewReader(good.Encode())))
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", "https://evil.example")
	if at := p.do(req); at.status != http.StatusBadRequest {
		t.Errorf("from another site: %d", at.status)
	}
	if l.of(annsSubject) != "" {
		t.Error("a key was kept")
	}
	if at := p.submitKey(good); !strings.Contains(at.location, "code=") {
		t.Errorf("the good one: %d %q", at.status, at.location)
	}
	if at := p.submitKey(good); at.status != http.StatusBadRequest {
		t.Errorf("again: %d", at.status)
	}
}

// Somebody else than the browser knew signs in: consent comes first, and no key gets past it.
func TestTheKeyIsAskedForAfterTheSecondConsent(t *testing.T) {
	w, l := newLinkingWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	p.submitKey(keyForm(p.toKeyPage(c.request()).body, "anns-key"))
	w.provider.set("bob", nil, nil)
	at := p.submit(form(p.open(c.request()).body))
	at = p.open(p.open(at.location).location) // the consent page again
	if got := p.submitKey(keyForm(at.body, "k")); got.status != http.StatusBadRequest {
		t.Errorf("a key before consent: %d", got.status)
	}
	at = p.submit(form(at.body))
	if !strings.Contains(text(at.body), "bob@example.com") || !strings.Contains(at.body, `name="key"`) {
		t.Fatalf("no page for the key: %s", text(at.body))
	}
	if at = p.submitKey(keyForm(at.body, "bobs-key")); !strings.Contains(at.location, "code=") {
		t.Errorf("%d %q", at.status, at.location)
	}
	if l.of(annsSubject) != "anns-key" || l.of("https://id.example#bob") != "bobs-key" {
		t.Errorf("%v", l.keys)
	}
}

func TestAKeyIsReplacedOnlyWithConfirmation(t *testing.T) {
	w, l := newLinkingWorld(t)
	l.keys[annsSubject] = "old-key-1"
	p := w.browser()
	at := p.toKeyPage(w.url + authserver.AccountKeyPath)
	if body := text(at.body); !strings.Contains(body, "A key ending in 1 was linked on 2026-11-23") || strings.Contains(at.body, `value="old-key-1"`) {
		t.Errorf("%s", body)
	}
	at = p.submitKey(keyForm(at.body, "new-key-2"))
	if at.status != http.StatusUnprocessableEntity || !strings.Contains(text(at.body), "Tick the box") || l.of(annsSubject) != "old-key-1" {
		t.Fatalf("not confirmed: %d %s", at.status, text(at.body))
	}
	f := keyForm(at.body, "new-key-2")
	f.Set("replaces", "id of another key")
	if at := p.submitKey(f); at.status != http.StatusUnprocessableEntity || l.of(annsSubject) != "old-key-1" {
		t.Fatalf("another key confirmed: %d", at.status)
	}
	f.Set("replaces", "id of old-key-1")
	if at := p.submitKey(f); at.status != http.StatusOK || at.location != "" || !strings.Contains(text(at.body), "Your key is linked") || l.of(annsSubject) != "new-key-2" {
		t.Errorf("confirmed: %d %s", at.status, text(at.body))
	}
	// Leaving it as it is.
	f = keyForm(p.toKeyPage(w.url+authserver.AccountKeyPath).body, "")
	f.Set("decision", "cancel")
	if at := p.submitKey(f); at.status != http.StatusOK || !strings.Contains(text(at.body), "Nothing was changed") || l.of(annsSubject) != "new-key-2" {
		t.Errorf("left: %d %s", at.status, text(at.body))
	}
}

func TestOnlyTheKeyShownIsRemoved(t *testing.T) {
	w, l := newLinkingWorld(t)
	l.keys[annsSubject] = "old-key-1"
	p := w.browser()
	at := p.toKeyPage(w.url + authserver.AccountKeyPath)
	f := keyForm(at.body, "")
	f.Set("decision", "remove")
	for _, id := range []string{"", "id of another key"} {
		f.Set("removes", id)
		if at := p.submitKey(f); at.status != http.StatusUnprocessableEntity || !strings.Contains(text(at.body), "Nothing was removed") ||
			l.of(annsSubject) == "" {
			t.Fatalf("%q: %d %s", id, at.status, text(at.body))
		}
	}
	f.Set("removes", "id of old-key-1")
	if at := w.browser().submitKey(f); at.status != http.StatusBadRequest || l.of(annsSubject) == "" {
		t.Errorf("another browser: %d", at.status)
	}
	if at := p.submitKey(f); at.status != http.StatusOK || at.location != "" || !strings.Contains(text(at.body), "Your key was removed") ||
		l.of(annsSubject) != "" {
		t.Errorf("%d %s", at.status, text(at.body))
	}
	if at := p.toKeyPage(w.url + authserver.AccountKeyPath); strings.Contains(at.body, `name="removes"`) {
		t.Error("there is nothing left to remove")
	}
}

// A client that waits for a key gets one or an error: its page removes nothing.
func TestNoKeyIsRemovedOnTheWayToAClient(t *testing.T) {
	w, l := newLinkingWorld(t)
	l.set(func() { l.keys[annsSubject], l.refused["old-key-1"] = "old-key-1", true })
	p := w.browser()
	at := p.toKeyPage(w.program(localRedirect).request())
	if strings.Contains(at.body, `name="removes"`) {
		t.Error("the page offers it")
	}
	f := keyForm(at.body, "")
	f.Set("decision", "remove")
	f.Set("removes", "id of old-key-1")
	if q := must(url.Parse(p.submitKey(f).location)).Query(); q.Get("error") != "access_denied" || l.of(annsSubject) == "" {
		t.Errorf("%v", q)
	}
}

func TestTheKeysPageAsksWhoIsThereEachTime(t *testing.T) {
	w, l := newLinkingWorld(t)
	p := w.browser()
	p.submitKey(keyForm(p.toKeyPage(w.program(localRedirect).request()).body, "anns-key"))
	// Somebody else sits down at the same browser.
	w.provider.set("bob", nil, nil)
	at := p.toKeyPage(w.url + authserver.AccountKeyPath)
	if body := text(at.body); !strings.Contains(body, "bob@example.com") || strings.Contains(body, "Ann") {
		t.Fatal(body)
	}
	p.submitKey(keyForm(at.body, "bobs-key"))
	if l.of(annsSubject) != "anns-key" {
		t.Error("Ann's key was replaced")
	}
	// Another browser cannot finish it.
	started := p.open(w.url + authserver.AccountKeyPath)
	callback := p.open(started.location).location
	if at := w.browser().open(callback); at.status != http.StatusBadRequest || strings.Contains(at.body, `name="key"`) {
		t.Errorf("another browser: %d", at.status)
	}
	w.provider.set("", authserver.ErrDenied, nil)
	if at := p.open(callback); at.status != http.StatusForbidden || at.location != "" {
		t.Errorf("denied: %d %q", at.status, at.location)
	}
}

func TestAKeyThatIsNoLongerAcceptedIsAskedForAgain(t *testing.T) {
	w, l := newLinkingWorld(t)
	l.set(func() { l.keys[annsSubject], l.refused["old-key-1"] = "old-key-1", true })
	p := w.browser()
	at := p.toKeyPage(w.program(localRedirect).request())
	if !strings.Contains(text(at.body), "does not accept it any more") {
		t.Error(text(at.body))
	}
	f := keyForm(at.body, "new-key-2")
	f.Set("replaces", "id of old-key-1")
	if at := p.submitKey(f); !strings.Contains(at.location, "code=") {
		t.Errorf("%d %q", at.status, at.location)
	}
}

func TestKeyPageIsNotShownWhileTheStoreIsDown(t *testing.T) {
	w, l := newLinkingWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	at := p.toKeyPage(c.request())
	l.set(func() { l.err = errors.Join(authserver.ErrUnavailable, errors.New("a secret cause")) })
	if at := p.submitKey(keyForm(at.body, "anns-key")); at.status != http.StatusServiceUnavailable || at.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", at.status, at.header)
	}
	if q := w.browser().signIn(c.request()); q.Get("error") != "temporarily_unavailable" {
		t.Errorf("%v", q)
	}
	if at := p.follow(w.url + authserver.AccountKeyPath); at.status != http.StatusServiceUnavailable {
		t.Errorf("%d", at.status)
	}
	if log := w.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, "step=key") {
		t.Errorf("logged: %s", log)
	}
	l.set(func() { l.err = nil })
	if at := p.submitKey(keyForm(at.body, "anns-key")); !strings.Contains(at.location, "code=") {
		t.Errorf("the same page afterwards: %d %q", at.status, at.location)
	}
}

func TestWithoutALinkerThereAreNoPagesForKeys(t *testing.T) {
	w := newWorld(t)
	if at := w.browser().open(w.url + authserver.AccountKeyPath); at.status != http.StatusNotFound {
		t.Errorf("%d", at.status)
	}
}

package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

func TestAParameterIsThereOnce(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	repeated := func(name string) string { return "the parameter " + name + " is there more than once" }
	for _, name := range []string{"client_id", "redirect_uri"} {
		address := c.request() + "&" + url.Values{name: {"x"}}.Encode()
		if at := w.browser().open(address); at.status != http.StatusBadRequest || at.location != "" || !strings.Contains(text(at.body), repeated(name)) {
			t.Errorf("%s at authorize: %d %s", name, at.status, text(at.body))
		}
	}
	at := w.browser().open(w.url + authserver.CallbackPath + "?state=x&state=x")
	if at.status != http.StatusBadRequest || !strings.Contains(strings.ToLower(text(at.body)), repeated("state")) {
		t.Errorf("state at callback: %d %s", at.status, text(at.body))
	}
	for _, name := range []string{"grant_type", "refresh_token", "scope", "client_id"} {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {c.id}, "scope": {"messages:read"}}
		form.Add(name, form.Get(name))
		status, out := w.post(authserver.TokenPath, formType, form.Encode())
		if status != http.StatusBadRequest || out["error"] != "invalid_request" || out["error_description"] != repeated(name) {
			t.Errorf("%s at token: %d %v", name, status, out)
		}
	}
}

// within tells whether a deadline is so long after a moment between two.
func within(deadline, before, after time.Time, life time.Duration) bool {
	return !deadline.Before(before.Add(life)) && !deadline.After(after.Add(life))
}

// deadlines notes by when an answer has to be redeemed and a document kept.
type deadlines struct {
	authserver.SignIn
	shelf
	redeem, keep time.Time
}

func (d *deadlines) Finish(ctx context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	d.redeem, _ = ctx.Deadline()
	return d.SignIn.Finish(ctx, answer, keep)
}

func (d *deadlines) Keep(ctx context.Context, _, _ string, _ []byte, _ time.Duration) error {
	d.keep, _ = ctx.Deadline()
	return nil
}

func TestASignInWaitsForNobodyForEver(t *testing.T) {
	d := &deadlines{}
	var w *world
	w = newWorld(t, keptOn(&w, d), func(o *authserver.Options) { d.SignIn, o.SignIn = o.SignIn, d })
	w.fetch = serves(goodDocument)
	c := document(w, documentID)
	before := time.Now()
	w.browser().signIn(c.request())
	after := time.Now()
	if !within(d.redeem, before, after, 20*time.Second) {
		t.Errorf("to redeem it has until %s, %s after it began", d.redeem, d.redeem.Sub(before))
	}
	if !within(d.keep, before, after, 2*time.Second) {
		t.Errorf("to keep the document it has until %s, %s after it began", d.keep, d.keep.Sub(before))
	}
}

func TestAGrantKnowsItsPersonByNameAndAddress(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	w.provider.mu.Lock()
	defer w.provider.mu.Unlock()
	if p := w.provider.asked[len(w.provider.asked)-1]; p.Name != "Ann" || p.Email != "ann@example.com" || p.Subject != annsSubject {
		t.Errorf("%+v", p)
	}
}

// wrapping is a linker whose errors say more.
type wrapping struct{ *linker }

func (l wrapping) Keep(ctx context.Context, subject, key, replaces string) error {
	if err := l.linker.Keep(ctx, subject, key, replaces); err != nil {
		return fmt.Errorf("keeping: %w", err)
	}
	return nil
}

func (l wrapping) Remove(ctx context.Context, subject, id string) error {
	if err := l.linker.Remove(ctx, subject, id); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	return nil
}

func TestAWrappedErrorOfAKeyIsKnown(t *testing.T) {
	l := wrapping{&linker{keys: map[string]string{}, refused: map[string]bool{}}}
	w := newWorld(t, func(o *authserver.Options) { o.Linker = l })
	p := w.browser()
	at := p.toKeyPage(w.program(localRedirect).request())
	l.set(func() { l.keys[annsSubject] = "another" })
	for key, want := range map[string]struct {
		status int
		text   string
	}{
		"":      {http.StatusUnprocessableEntity, "This is not a key."},
		"bad":   {http.StatusUnprocessableEntity, "does not accept this key"},
		"new":   {http.StatusUnprocessableEntity, "Tick the box below to replace it"},
		"later": {http.StatusServiceUnavailable, "could not be reached to test the key"},
	} {
		if got := p.submitKey(keyForm(at.body, key)); got.status != want.status || !strings.Contains(text(got.body), want.text) {
			t.Errorf("%q: %d %s", key, got.status, text(got.body))
		}
	}
	account := p.toKeyPage(w.url + authserver.AccountKeyPath)
	f := keyForm(account.body, "")
	f.Set("decision", "remove")
	if got := p.submitKey(f); got.status != http.StatusUnprocessableEntity || !strings.Contains(text(got.body), "Nothing was removed") {
		t.Errorf("to remove it: %d %s", got.status, text(got.body))
	}
}

func TestKeysOfAnIssuerThatAreAwayAreToldOnceAMinute(t *testing.T) {
	const line = "the keys of its issuer cannot be fetched"
	v := newVouchers(t)
	atDesk(t, func(t *testing.T, d *desk) {
		ask := func() { d.ask(t.Context(), authserver.TokenPath, bearerForm(v.signWorkload()), nil) }
		v.keys = func() error { return errKeysAway }
		if ask(); strings.Contains(d.log.String(), line) {
			t.Error("another error is taken for keys that are away")
		}
		v.keys = func() error { return &token.UnavailableError{} }
		for range 3 {
			ask()
		}
		if log := d.log.String(); strings.Count(log, line) != 1 || !strings.Contains(log, "issuer="+ciIssuer) || !strings.Contains(log, "level=WARN") {
			t.Errorf("log: %s", log)
		}
		time.Sleep(time.Minute)
		if ask(); strings.Count(d.log.String(), line) != 2 {
			t.Error("a minute later it is not told again")
		}
	}, listed(t), v.take)
}

func TestABadRedirectOfTheListIsNamedWithItsFault(t *testing.T) {
	for _, redirect := range []string{"http://app.example/cb", "https://app.example/cb#x", "javascript:alert(1)"} {
		_, err := authserver.ParseClients([]byte(fmt.Sprintf(`{"clients":[{"client_id":"a","redirect_uris":["https://good.example/",%q]}]}`, redirect)))
		want := fmt.Sprintf("client 1 (%q): %q: %s", "a", redirect, authserver.CheckRedirect(redirect))
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestAListHasSecretsIfOneClientHas(t *testing.T) {
	const public, secret = `{"client_id":"a","redirect_uris":["https://a.example/"]}`, `{"client_id":"b","client_secret":"a-secret-of-the-warehouse","redirect_uris":["https://a.example/"]}`
	for clients, want := range map[string]bool{"": false, public: false, secret: true, public + "," + secret: true} {
		if l := must(authserver.ParseClients([]byte(`{"clients":[` + clients + `]}`))); l.HasSecrets() != want {
			t.Errorf("%s: %v", clients, !want)
		}
	}
}

func TestAProbeSaysWhatItGotInsteadOfTheDocument(t *testing.T) {
	const otherwise = "look for a proxy in between that answers in its place"
	for name, tc := range map[string]struct {
		fetch         func(*http.Request) (*http.Response, error)
		proxied       bool
		found, change string
	}{
		"a page":              {serves("<html>"), false, "answers with something else than its document", otherwise},
		"another document":    {serves(goodDocument), false, "answers with something else than its document", otherwise},
		"a status":            {hostAnswers(http.StatusForbidden, ""), false, "answers 403", "keeping the network of this machine out"},
		"nothing":             {fails(errors.New("unreachable")), false, netx.CauseText("network"), "let this machine reach port 443"},
		"nothing, by a proxy": {fails(errors.New("unreachable")), true, netx.CauseText("network"), "let the proxy of --egress-proxy"},
	} {
		err := authserver.ProbeDocument(t.Context(), fetcherOver(roundTripper(tc.fetch)), tc.proxied)
		if f, ok := errors.AsType[*netx.Finding](err); !ok || f.Found != tc.found || !strings.Contains(f.Change, tc.change) {
			t.Errorf("%s: %v", name, err)
		}
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	err := authserver.ProbeDocument(late, fetcherOver(roundTripper(fails(errors.New("unreachable")))), false)
	if f, ok := errors.AsType[*netx.Finding](err); !ok || f.Found != netx.CauseText("timeout") || !strings.Contains(f.Change, "port 443") {
		t.Errorf("too late: %v", err)
	}
	good := serves(`{"client_id":"` + authserver.ProbedDocument() + `","redirect_uris":["` + webRedirect + `"]}`)
	if err := authserver.ProbeDocument(t.Context(), fetcherOver(roundTripper(good)), false); err != nil {
		t.Errorf("the document: %v", err)
	}
}

func TestDocumentsOffTellsTheClientToRegister(t *testing.T) {
	w := newWorld(t, func(o *authserver.Options) {
		o.Documents = authserver.NewDocuments(authserver.DocumentsOptions{Mode: authserver.DocumentsOff})
	})
	const want = "its operator has turned client metadata documents off, so register the app instead"
	c := document(w, documentID)
	if at := w.browser().open(c.request()); at.status != http.StatusBadRequest || !strings.Contains(text(at.body), want) {
		t.Errorf("%d %s", at.status, text(at.body))
	}
	if status, out := c.refresh("x"); status != http.StatusUnauthorized || !strings.Contains(fmt.Sprint(out["error_description"]), want) {
		t.Errorf("%d %v", status, out)
	}
}

// unsigning are access tokens that cannot be signed while it fails.
type unsigning struct {
	authserver.AccessTokens
	err error
}

func (u *unsigning) Issue(c identity.Caller, resource, grant string, end time.Time) (string, time.Duration, error) {
	if u.err != nil {
		return "", 0, u.err
	}
	return u.AccessTokens.Issue(c, resource, grant, end)
}

func TestASignerThatFailsCostsNoLogin(t *testing.T) {
	u := &unsigning{}
	atDesk(t, func(t *testing.T, d *desk) {
		code := d.code()
		u.err = errors.New("hush")
		w := d.ask(t.Context(), authserver.TokenPath, codeForm(code), nil)
		wantRefused(t, "a token that is not signed", w.Code, object(t, w), http.StatusInternalServerError, "server_error")
		if log := d.log.String(); !strings.Contains(log, `"oauth request failed" step=token error=server_error`) || strings.Contains(log, "hush") {
			t.Errorf("log: %s", log)
		}
		u.err = nil
		d.got(d.ask(t.Context(), authserver.TokenPath, codeForm(code), nil))
	}, func(o *authserver.Options) { u.AccessTokens, o.Tokens = o.Tokens, u })
}

func TestARefusedResourceSaysWhatToDo(t *testing.T) {
	there := true
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		refused := func(want string, resource ...string) {
			t.Helper()
			form := refreshForm(refresh)
			form["resource"] = resource
			w := d.ask(t.Context(), authserver.TokenPath, form, nil)
			wantNo(t, w.Code, object(t, w), "invalid_target", want)
		}
		refused("resource must be one that was authorized; sign in again for another", "https://other.example/mcp")
		there = false
		refused("what was authorized is not an MCP endpoint of this server any more; sign in again")
	}, func(o *authserver.Options) {
		resources := o.Resources
		o.Resources = func(r string) ([]string, bool) {
			known, ok := resources(r)
			return known, ok && there
		}
	})
}

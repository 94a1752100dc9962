package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// hostAnswers is a host that gives no document.
func hostAnswers(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"text/html"}, "Location": {"https://other.example/"}}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// signedIn is a world in which a person has signed in with a document, long enough ago that it is
// asked for again.
func signedIn(t *testing.T, change ...func(*authserver.Options)) (w *world, c *program, refresh string) {
	t.Helper()
	w = newWorld(t, change...)
	w.fetch = serves(goodDocument)
	c = document(w, documentID)
	c.verifier = strings.Repeat("v", 43)
	_, refresh = c.tokens(w.browser())
	w.ahead.Store(int64(11 * time.Minute))
	return w, c, refresh
}

// askedOnEach opens the authorization page on each replica, and gives the status of both, which
// must be the same.
func askedOnEach(t *testing.T, w *world, c *program) page {
	t.Helper()
	first := w.browser().open(c.request())
	if second := w.browser().open(c.request()); second.status != first.status {
		t.Errorf("%d on one replica, %d on the other", first.status, second.status)
	}
	return first
}

func TestDocumentOfASignInServesWhileItsHostCannotBeAsked(t *testing.T) {
	huge := strings.Repeat("<p>Are you a robot?</p>", 10_000)
	for name, fetch := range map[string]func(*http.Request) (*http.Response, error){
		"network": fails(errors.New("unreachable")), "timeout": fails(context.DeadlineExceeded), "403": hostAnswers(403, huge),
		"408": hostAnswers(408, ""), "429": hostAnswers(429, ""), "500": hostAnswers(500, ""), "503": hostAnswers(503, ""), "520": hostAnswers(520, ""),
		"302": hostAnswers(302, ""), "401": hostAnswers(401, ""),
	} {
		t.Run(name, func(t *testing.T) {
			w, c, refresh := signedIn(t)
			w.fetch = fetch
			if at := askedOnEach(t, w, c); at.status != http.StatusOK || !strings.Contains(at.body, "Example app") {
				t.Errorf("%d %s", at.status, text(at.body))
			}
			if log := w.log.String(); !strings.Contains(log, "host=app.example path=/client.json") || !strings.Contains(log, "serves=kept age=11m") {
				t.Errorf("log: %s", log)
			}
			if status, out := c.refresh(refresh); status != http.StatusOK {
				t.Errorf("refresh: %d %v", status, out)
			}
			if status, _ := c.token2(w); status != http.StatusOK {
				t.Errorf("sign-in: %d", status)
			}
			w.ahead.Store(int64(31 * 24 * time.Hour))
			if at := askedOnEach(t, w, c); at.status == http.StatusOK {
				t.Errorf("after 31 days: %d", at.status)
			}
		})
	}
}

// A refresh must not wait for a host that does not answer each time, nor ask one that does.
func TestRefreshAsksForTheDocumentNowAndThen(t *testing.T) {
	w, c, refresh := signedIn(t)
	w.replicas = w.replicas[:1]
	var asked int
	w.fetch = func(r *http.Request) (*http.Response, error) {
		asked++
		if _, ok := r.Context().Deadline(); !ok {
			t.Error("it may take for ever")
		}
		return nil, context.DeadlineExceeded
	}
	refreshes := func(times, want int) {
		t.Helper()
		for range times {
			if status, out := c.refresh(refresh); status != http.StatusOK {
				t.Fatalf("%d %v", status, out)
			}
		}
		if asked != want {
			t.Errorf("asked %d times, want %d", asked, want)
		}
	}
	refreshes(5, 1)
	w.ahead.Add(int64(11 * time.Minute))
	_, refresh = c.token2(w)
	refreshes(5, 3) // the sign-in asked as well
	w.fetch = serves(goodDocument, "Cache-Control", "max-age=86400")
	w.ahead.Add(int64(11 * time.Minute))
	_, refresh = c.token2(w)
	w.fetch = hostAnswers(404, "")
	refreshes(5, 3) // what is in memory is not asked for
}

// token2 signs in once more.
func (c *program) token2(w *world) (int, string) {
	access, refresh := c.tokens(w.browser())
	if access == "" {
		return 0, refresh
	}
	return http.StatusOK, refresh
}

func TestDocumentThatIsGoneEndsItsClient(t *testing.T) {
	for name, fetch := range map[string]func(*http.Request) (*http.Response, error){
		"404": hostAnswers(404, ""), "410": hostAnswers(410, ""), "HTML": hostAnswers(200, "<p>Welcome</p>"), "no JSON": serves("x"),
		"of another client": serves(strings.Replace(goodDocument, "client.json", "other.json", 1)),
		"oversized":         serves(goodDocument + strings.Repeat(" ", 17<<10)),
		"secret":            serves(strings.Replace(goodDocument, "{", `{"client_secret":"x",`, 1)),
		"no redirect":       serves(`{"client_id":"` + documentID + `","redirect_uris":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			w, c, refresh := signedIn(t)
			w.fetch = fetch
			status, out := c.refresh(refresh)
			wantRefused(t, "refresh", status, out, http.StatusUnauthorized, "invalid_client")
			if at := askedOnEach(t, w, c); at.status != http.StatusBadRequest || !strings.Contains(text(at.body), "its makers") {
				t.Errorf("%d %s", at.status, text(at.body))
			}
			status, out = c.refresh(refresh)
			wantRefused(t, "refresh again", status, out, http.StatusUnauthorized, "invalid_client")
			if log := w.log.String(); !strings.Contains(log, "metadata document is gone") || strings.Contains(log, refresh) {
				t.Errorf("log: %s", log)
			}
			// What was kept is gone for all replicas.
			w.fetch = hostAnswers(403, "")
			if at := askedOnEach(t, w, c); at.status != http.StatusServiceUnavailable {
				t.Errorf("then blocked: %d %s", at.status, text(at.body))
			}
			w.fetch = serves(goodDocument) // it was a mistake of its host
			if status, out := c.refresh(refresh); status != http.StatusOK {
				t.Errorf("when it is back: %d %v", status, out)
			}
		})
	}
}

// fullShelf has a document for whatever it is asked for.
type fullShelf struct {
	shelf
	document []byte
}

func (s *fullShelf) Get(context.Context, string) ([]byte, bool, error) { return s.document, true, nil }

func TestDeniedClientIsNotServedFromWhatIsKept(t *testing.T) {
	for _, denied := range []bool{false, true} {
		var w *world
		s := &fullShelf{document: fmt.Appendf(nil, `{"client_id":%q,"redirects":[%q],"methods":["none"],"fetched":%d}`, documentID, webRedirect, time.Now().Unix())}
		w = newWorld(t, keptOn(&w, s), func(o *authserver.Options) {
			if denied {
				o.Clients = must(authserver.ParseClients([]byte(`{"denied":["` + documentID + `","https://claude.ai/"]}`)))
			}
		})
		w.fetch = fails(errors.New("unreachable"))
		claude := &program{w: w, id: claudeCode, redirect: "http://localhost:3118/callback", verifier: "v"}
		for what, c := range map[string]*program{"kept": document(w, documentID), "built in": claude} {
			at := w.browser().open(c.request())
			if served := at.status == http.StatusOK; served == denied || denied && !strings.Contains(text(at.body), "blocked") {
				t.Errorf("%s: %d %s", what, at.status, text(at.body))
			}
			if _, out := c.refresh("x"); (out["error"] == "invalid_client") != denied {
				t.Errorf("%s, refresh: %v", what, out)
			}
		}
	}
}

// What is kept serves only the client that it is of, and only what this version serves.
func TestKeptDocumentThatDoesNotFitIsNone(t *testing.T) {
	now := time.Now().Unix()
	for name, kept := range map[string]string{
		"of another":   fmt.Sprintf(`{"client_id":"https://app.example/other","redirects":[%q],"methods":["none"],"fetched":%d}`, webRedirect, now),
		"too old":      fmt.Sprintf(`{"client_id":%q,"redirects":[%q],"methods":["none"],"fetched":%d}`, documentID, webRedirect, now-31*86400),
		"no method":    fmt.Sprintf(`{"client_id":%q,"redirects":[%q],"methods":["tls_client_auth"],"fetched":%d}`, documentID, webRedirect, now),
		"no redirects": fmt.Sprintf(`{"client_id":%q,"redirects":[],"methods":["none"],"fetched":%d}`, documentID, now),
		"not JSON":     "x",
	} {
		var w *world
		w = newWorld(t, keptOn(&w, &fullShelf{document: []byte(kept)}))
		w.fetch = fails(errors.New("unreachable"))
		if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", name, at.status)
		}
	}
}

// A replica that did not fetch the document keeps it too: the one that ends the sign-in need not be
// the one that began it.
func TestDocumentIsKeptByWhicheverReplicaEndsTheSignIn(t *testing.T) {
	for _, end := range []int{0, 1} {
		w := newWorld(t)
		w.fetch = serves(goodDocument, "Cache-Control", "no-store")
		c := document(w, documentID)
		p := w.browser()
		both := w.replicas
		w.replicas = both[:1]
		at := p.open(c.request())
		at = p.submit(form(at.body))
		at = p.open(at.location) // the provider
		w.replicas = both[end : end+1]
		if at = p.open(at.location); !strings.Contains(at.location, "code=") {
			t.Fatalf("%d %s", at.status, text(at.body))
		}
		w.replicas = both
		w.fetch = fails(errors.New("unreachable"))
		if at := askedOnEach(t, w, c); at.status != http.StatusOK {
			t.Errorf("ended on replica %d: %d", end, at.status)
		}
	}
}

// shelf counts what is kept.
type shelf struct{ kept, largest, looked atomic.Int64 }

func (s *shelf) Get(context.Context, string) ([]byte, bool, error) {
	s.looked.Add(1)
	return nil, false, nil
}

func (s *shelf) Keep(_ context.Context, _, _ string, value []byte, _ time.Duration) error {
	s.kept.Add(1)
	s.largest.Store(max(s.largest.Load(), int64(len(value))))
	return nil
}

func (s *shelf) Drop(context.Context, string) (bool, error) { return false, nil }

func keptOn(w **world, s authserver.KeptDocuments) func(*authserver.Options) {
	return func(o *authserver.Options) {
		now := o.Now
		o.Documents = authserver.NewDocuments(authserver.DocumentsOptions{
			Kept: s, Sealer: clear{}, Now: now, Logger: o.Logger, Fetcher: fetcherOver(roundTripper(func(r *http.Request) (*http.Response, error) {
				return (*w).fetch(r)
			})),
		})
	}
}

func TestDocumentsAreKeptOnlyAfterASignIn(t *testing.T) {
	s := &shelf{}
	var w *world
	w = newWorld(t, keptOn(&w, s))
	w.fetch = func(r *http.Request) (*http.Response, error) {
		return serves(`{"client_id":"` + r.URL.String() + `","redirect_uris":["` + webRedirect + `"]}`)(r)
	}
	for i := range 50 {
		c := document(w, fmt.Sprintf("https://app%d.example/c", i))
		if at := w.browser().open(c.request()); at.status != http.StatusOK {
			t.Fatalf("%d", at.status)
		}
	}
	if n := s.kept.Load(); n != 0 {
		t.Errorf("%d are kept of requests that nobody approved", n)
	}
	c := document(w, "https://app1.example/c")
	c.verifier = strings.Repeat("v", 43)
	c.tokens(w.browser())
	w.program(localRedirect).tokens(w.browser()) // a client that registered has no document
	if n := s.kept.Load(); n != 1 {
		t.Errorf("%d are kept after one sign-in", n)
	}
}

func TestDocumentThatIsLargeIsNotKept(t *testing.T) {
	s := &shelf{}
	var w *world
	w = newWorld(t, keptOn(&w, s))
	redirects := `"` + webRedirect + `"`
	for i := range 60 {
		redirects += fmt.Sprintf(`,"https://app.example/%d/%s"`, i, strings.Repeat("x", 80))
	}
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":[` + redirects + `]}`)
	c := document(w, documentID)
	c.verifier = strings.Repeat("v", 43)
	if access, _ := c.tokens(w.browser()); access == "" || s.kept.Load() != 0 {
		t.Errorf("%d are kept", s.kept.Load())
	}
}

// lostShelf is a store that is away.
type lostShelf struct{}

func (lostShelf) Get(context.Context, string) ([]byte, bool, error) {
	return nil, false, errors.New("away")
}
func (lostShelf) Keep(context.Context, string, string, []byte, time.Duration) error {
	return errors.New("away")
}
func (lostShelf) Drop(context.Context, string) (bool, error) { return false, errors.New("away") }

func TestStoreThatIsAwayCostsNoSignInWithADocument(t *testing.T) {
	var w *world
	w = newWorld(t, keptOn(&w, lostShelf{}))
	w.fetch = serves(goodDocument)
	c := document(w, documentID)
	c.verifier = strings.Repeat("v", 43)
	if access, _ := c.tokens(w.browser()); access == "" {
		t.Error("no tokens")
	}
	w.ahead.Store(int64(11 * time.Minute))
	w.fetch = fails(errors.New("unreachable"))
	if at := w.browser().open(c.request()); at.status != http.StatusServiceUnavailable {
		t.Errorf("nobody knows what is kept: %d", at.status)
	}
	claude := &program{w: w, id: "https://claude.ai/oauth/claude-code-client-metadata", redirect: "http://localhost:1/callback", verifier: "v"}
	if at := w.browser().open(claude.request()); at.status != http.StatusOK {
		t.Errorf("what is built in: %d", at.status)
	}
}

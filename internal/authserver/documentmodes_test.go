package authserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

const claudeCode = "https://claude.ai/oauth/claude-code-client-metadata"

func fetcherOver(transport http.RoundTripper) *netx.Fetcher {
	return netx.NewFetcher(netx.FetcherOptions{Transport: transport})
}

func TestClientDocumentsModes(t *testing.T) {
	for mode, want := range map[string]struct {
		known, other int
		announced    bool
		fetched      bool
	}{
		authserver.DocumentsOn:      {200, 200, true, true},
		authserver.DocumentsBuiltIn: {200, 400, true, false},
		authserver.DocumentsOff:     {400, 400, false, false},
	} {
		t.Run(mode, func(t *testing.T) {
			var fetched atomic.Int32
			w := newWorld(t, func(o *authserver.Options) {
				o.Documents = authserver.NewDocuments(authserver.DocumentsOptions{
					Mode: mode, Fetcher: fetcherOver(roundTripper(func(r *http.Request) (*http.Response, error) {
						fetched.Add(1)
						if r.URL.String() == claudeCode {
							return nil, errors.New("unreachable")
						}
						return serves(goodDocument)(r)
					})),
				})
			})
			known := &program{w: w, id: claudeCode, redirect: "http://localhost:3118/callback", verifier: "v"}
			for what, c := range map[string]struct {
				*program
				want int
			}{"known": {known, want.known}, "other": {document(w, documentID), want.other}} {
				at := w.browser().open(c.request())
				if at.status != c.want || at.status != 200 && (strings.Contains(at.body, "its makers") || !strings.Contains(text(at.body), "operator")) {
					t.Errorf("%s: %d %s", what, at.status, text(at.body))
				}
				_, out := c.refresh("x")
				if refused := out["error"] == "invalid_client"; refused != (c.want != 200) {
					t.Errorf("%s at the token endpoint: %v", what, out)
				}
			}
			var metadata map[string]any
			if err := json.Unmarshal([]byte(w.browser().open(w.url+authserver.MetadataPath).body), &metadata); err != nil {
				t.Fatal(err)
			}
			if got := metadata["client_id_metadata_document_supported"]; got != want.announced || (fetched.Load() > 0) != want.fetched {
				t.Errorf("announced %v, fetched %d times", got, fetched.Load())
			}
			registered := w.program(localRedirect)
			if at := w.browser().open(registered.request()); at.status != http.StatusOK {
				t.Errorf("a registered client: %d", at.status)
			}
		})
	}
}

func TestFetchesOfAnAddressAreBounded(t *testing.T) {
	w := newWorld(t)
	var fetched atomic.Int32
	w.fetch = func(r *http.Request) (*http.Response, error) {
		fetched.Add(1)
		return serves(goodDocument)(r)
	}
	w.limiter.refuse.Store(authserver.LimitDocument)
	at := w.browser().open(document(w, documentID).request())
	if at.status != http.StatusTooManyRequests || at.header.Get("Retry-After") != "2" || fetched.Load() != 0 {
		t.Errorf("%d, fetched %d times: %s", at.status, fetched.Load(), text(at.body))
	}
	known := &program{w: w, id: claudeCode, redirect: "http://localhost:3118/callback", verifier: "v"}
	if at := w.browser().open(known.request()); at.status != http.StatusOK || fetched.Load() != 0 {
		t.Errorf("what is known without: %d", at.status)
	}
	w.limiter.refuse.Store("")
	for range 2 {
		if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusOK {
			t.Errorf("%d", at.status)
		}
	}
	w.limiter.refuse.Store(authserver.LimitDocument) // what is in the cache costs nothing
	if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusOK {
		t.Errorf("from the cache: %d", at.status)
	}
}

// Ids that do not exist fill nothing and silence nothing.
func TestMadeUpDocumentsLeaveNothingBehind(t *testing.T) {
	s := &shelf{}
	var w *world
	w = newWorld(t, keptOn(&w, s))
	w.fetch = fails(errors.New("unreachable"))
	for i := range 1500 {
		at := w.browser().open(document(w, fmt.Sprintf("https://made-up-%d.example/%s", i, strings.Repeat("x", 900))).request())
		if at.status != http.StatusServiceUnavailable {
			t.Fatalf("%d", at.status)
		}
	}
	if lines := strings.Count(w.log.String(), "could not be fetched"); lines != 2*500 && lines != 500 || s.kept.Load() != 0 {
		t.Errorf("%d lines, %d kept", lines, s.kept.Load())
	}
	known := &program{w: w, id: claudeCode, redirect: "http://localhost:3118/callback", verifier: "v"}
	w.browser().open(known.request())
	if log := w.log.String(); !strings.Contains(log, "serves=built-in") || strings.Contains(log, strings.Repeat("x", 300)) {
		t.Error("what is served instead is not logged, or a whole path is")
	}
}

func TestFailedFetchIsLoggedOnceForAClient(t *testing.T) {
	w := newWorld(t)
	w.replicas = w.replicas[:1]
	w.fetch = hostAnswers(403, "")
	for range 5 {
		at := w.browser().open(document(w, documentID+"?token=secret").request())
		if at.status != http.StatusServiceUnavailable || !strings.Contains(text(at.body), "it answered 403") {
			t.Fatalf("%d %s", at.status, text(at.body))
		}
	}
	log := w.log.String()
	if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "status=403 cause=status serves=nothing") || strings.Contains(log, "secret") {
		t.Errorf("log: %s", log)
	}
	w.ahead.Store(int64(time.Hour))
	w.browser().open(document(w, documentID+"?token=secret").request())
	if log := w.log.String(); strings.Count(log, "level=WARN") != 2 {
		t.Errorf("an hour later: %s", log)
	}
}

// Many who ask for one document at once cost its host one request, and whoever hangs up fails
// nobody else.
func TestDocumentIsFetchedOnceForAllWhoAsk(t *testing.T) {
	var fetched atomic.Int32
	release := make(chan struct{})
	d := documentsOver(roundTripper(func(r *http.Request) (*http.Response, error) {
		fetched.Add(1)
		<-release
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return serves(goodDocument)(r)
	}))
	var wg sync.WaitGroup
	first, cancel := context.WithCancel(t.Context())
	wg.Go(func() { _, _ = d.Read(first, documentID) })
	testkit.Eventually(t, "it is fetched", func() bool { return fetched.Load() == 1 })
	var failed atomic.Int32
	for range 20 {
		wg.Go(func() {
			if _, err := d.Read(t.Context(), documentID); err != nil {
				failed.Add(1)
			}
		})
	}
	cancel()
	close(release)
	wg.Wait()
	if fetched.Load() != 1 || failed.Load() != 0 {
		t.Errorf("fetched %d times, %d failed", fetched.Load(), failed.Load())
	}
}

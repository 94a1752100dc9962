package authserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

func documentsOver(transport http.RoundTripper) *authserver.Documents {
	return authserver.NewDocuments(authserver.DocumentsOptions{Fetcher: netx.NewFetcher(netx.FetcherOptions{Transport: transport})})
}

func document(w *world, id string) *program {
	return &program{w: w, id: id, redirect: webRedirect, verifier: "v"}
}

func TestInvalidDocumentsAreRefused(t *testing.T) {
	w := newWorld(t)
	answer := func(status int, contentType, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}, "Location": {"https://other.example/"}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}
	}
	with := func(more string) func(*http.Request) (*http.Response, error) {
		return serves(`{"client_id":"` + documentID + `","redirect_uris":["` + webRedirect + `"]` + more + `}`)
	}
	for name, fetch := range map[string]func(*http.Request) (*http.Response, error){
		"not found":            answer(404, "application/json", goodDocument),
		"redirects":            answer(302, "application/json", goodDocument),
		"HTML":                 answer(200, "text/html", goodDocument),
		"oversized metadata":   serves(goodDocument + strings.Repeat(" ", 16<<10)),
		"no JSON":              serves("x"),
		"of another client":    serves(strings.Replace(goodDocument, "client.json", "other.json", 1)),
		"with a shared secret": with(`,"client_secret":"x"`),
		"authenticates":        with(`,"token_endpoint_auth_method":"client_secret_basic"`),
		"no redirects":         serves(`{"client_id":"` + documentID + `"}`),
		"a bad redirect":       serves(`{"client_id":"` + documentID + `","redirect_uris":["javascript:x"]}`),
	} {
		w.fetch = fetch
		if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusBadRequest || at.location != "" {
			t.Errorf("%s: %d %q", name, at.status, at.location)
		}
	}
	w.fetch = with("")
	if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusOK {
		t.Errorf("the good one: %d %s", at.status, text(at.body))
	}
}

func TestOnlyPlainURLsAreFetched(t *testing.T) {
	w := newWorld(t)
	var fetched atomic.Int32
	w.fetch = func(r *http.Request) (*http.Response, error) {
		fetched.Add(1)
		return serves(goodDocument)(r)
	}
	for _, id := range []string{
		"https://app.example", "https://app.example/", "https://user:x@app.example/c", "https://app.example/c#f", "https://app.example/c#",
		"https://app.example/a/../c", "https://app.example/./c", "https://app.example:8443/c", "https:///c", "https://", "https:app.example/c",
		"https://app.example/" + strings.Repeat("c", 1100), "https://app.example/c d", "http://app.example/c", "HTTPS://app.example/c",
		"https://app.example/%zz", "https://app.example:443/c", "https://APP.example/c", "https://app.example./c", "https://[2606:4700::1]/c", "file:///etc/passwd",
		"https://127.0.0.1/c", "https://169.254.169.254/latest/meta-data", "https://2130706433/c", "https://0x7f.1/c", "https://8.8.8.8/c",
		"https://localhost/c", "https://intranet/c", `https://app".example/c`, "https://app<.example/c", "https://app,other.example/c", "https://*.example/c",
	} {
		if at := w.browser().open(document(w, id).request()); at.status != http.StatusBadRequest || at.location != "" {
			t.Errorf("%s: %d", id, at.status)
		}
	}
	if n := fetched.Load(); n != 0 {
		t.Errorf("%d were fetched", n)
	}
}

func TestDocumentsAreKeptByTheRulesOfHTTP(t *testing.T) {
	for name, tc := range map[string]struct {
		header []string
		after  time.Duration
		kept   bool
	}{
		"max-age":             {[]string{"Cache-Control", "public, max-age=600"}, 9 * time.Minute, true},
		"after max-age":       {[]string{"Cache-Control", "max-age=600"}, 10 * time.Minute, false},
		"no-store":            {[]string{"Cache-Control", "no-store"}, 0, false},
		"no-cache":            {[]string{"Cache-Control", "max-age=600, no-cache"}, 0, false},
		"broken max-age":      {[]string{"Cache-Control", "max-age=x"}, 0, false},
		"nothing said":        {nil, 4 * time.Minute, true},
		"nothing said, later": {nil, 5 * time.Minute, false},
		"old already":         {[]string{"Cache-Control", "max-age=600", "Age", "590"}, 10 * time.Second, false},
		"a year":              {[]string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour, false},
		"expired":             {[]string{"Expires", "Thu, 01 Jan 1970 00:00:00 GMT"}, 0, false},
		"expires never":       {[]string{"Expires", "0"}, 0, false},
	} {
		w := newWorld(t)
		w.replicas = w.replicas[:1]
		var fetched int32
		w.fetch = func(r *http.Request) (*http.Response, error) {
			fetched++
			return serves(goodDocument, tc.header...)(r)
		}
		w.browser().open(document(w, documentID).request())
		w.ahead.Store(int64(tc.after))
		w.browser().open(document(w, documentID).request())
		if kept := fetched == 1; kept != tc.kept {
			t.Errorf("%s: fetched %d times", name, fetched)
		}
	}
}

func TestARedirectOfADocumentIsNotFollowed(t *testing.T) {
	w := newWorld(t)
	var followed atomic.Int32
	w.fetch = func(r *http.Request) (*http.Response, error) {
		if r.URL.String() != documentID {
			followed.Add(1)
			return serves(goodDocument)(r)
		}
		resp, err := serves(goodDocument, "Location", "https://other.example/client.json")(r)
		resp.StatusCode = http.StatusFound
		return resp, err
	}
	if at := w.browser().open(document(w, documentID).request()); at.status != http.StatusBadRequest || followed.Load() > 0 {
		t.Errorf("%d, followed %d times", at.status, followed.Load())
	}
}

func TestADocumentThatDoesNotEndIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		d := documentsOver(roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, _ := serves("")(r)
			reader, writer := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = writer.CloseWithError(r.Context().Err()) })
			resp.Body = reader
			return resp, nil
		}))
		if _, err := d.Read(t.Context(), documentID); err == nil || time.Since(start) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestManyDocumentsDoNotFillTheMemory(t *testing.T) {
	d := documentsOver(roundTripper(func(r *http.Request) (*http.Response, error) {
		return serves(`{"client_id":"`+r.URL.String()+`","redirect_uris":["`+webRedirect+`"]}`, "Cache-Control", "max-age=86400")(r)
	}))
	for i := range 700 {
		if kept, err := d.Read(t.Context(), fmt.Sprintf("https://app%d.example/client.json", i)); err != nil || kept > 500 {
			t.Fatalf("%d are kept, %v", kept, err)
		}
	}
}

package authserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// ledger is a limiter that notes what it is asked for and has room for everything.
type ledger struct {
	mu      sync.Mutex
	entries []string
}

func (l *ledger) Allow(_ context.Context, kind, owner string) (bool, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, kind+" of "+owner)
	return true, 0, nil
}

func (l *ledger) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.entries
	l.entries = nil
	return taken
}

func with(form url.Values, name, value string) url.Values {
	form.Set(name, value)
	return form
}

func TestUnprovenRequestsHaveTheirOwnLimit(t *testing.T) {
	book := &ledger{}
	atDesk(t, func(t *testing.T, d *desk) {
		access, refresh := d.login()
		grant, _ := d.grants.OfRefreshToken(refresh)
		code := d.code()
		codesGrant, _ := d.grants.OfCode(code)
		const stranger = "https://b.example/c"
		grant, codesGrant, strangers := grant+authserver.OfClient(documentID), codesGrant+authserver.OfClient(documentID), grant+authserver.OfClient(stranger)
		page, local := http.Header{"Origin": {"https://evil.example"}}, http.Header{"Origin": {"http://localhost:6274"}}
		own := http.Header{"Origin": {d.url}}
		const address = "192.0.2.1"
		junk, junkCode := strings.Repeat("A", len(refresh)), strings.Repeat("A", len(code))
		book.take()
		for name, tc := range map[string]struct {
			path   string
			form   url.Values
			header http.Header
			want   string
			reads  bool
		}{
			"a code":                   {authserver.TokenPath, codeForm(code), nil, "grant of " + codesGrant, true},
			"a refresh token":          {authserver.TokenPath, refreshForm(refresh), nil, "grant of " + grant, true},
			"from a page":              {authserver.TokenPath, refreshForm(refresh), page, "grant of " + grant, true},
			"for somebody else":        {authserver.TokenPath, with(refreshForm(refresh), "client_id", stranger), nil, "grant of " + strangers, true},
			"no code of ours":          {authserver.TokenPath, codeForm(junkCode), nil, "token of " + address, false},
			"no token of ours":         {authserver.TokenPath, refreshForm(junk), nil, "token of " + address, false},
			"a refresh token as code":  {authserver.TokenPath, codeForm(refresh), nil, "token of " + address, false},
			"a code as refresh token":  {authserver.TokenPath, refreshForm(code), nil, "token of " + address, false},
			"no client of ours":        {authserver.TokenPath, with(refreshForm(refresh), "client_id", "x"), nil, "token of " + address, false},
			"a secret of none":         {authserver.TokenPath, with(refreshForm(refresh), "client_secret", "x"), nil, "token of " + address, false},
			"no grant type":            {authserver.TokenPath, with(refreshForm(refresh), "grant_type", "x"), nil, "token of " + address, false},
			"no form":                  {authserver.TokenPath, refreshForm(refresh), http.Header{"Content-Type": {"text/plain"}}, "token of " + address, false},
			"nothing":                  {authserver.TokenPath, nil, nil, "token of " + address, false},
			"a page's junk":            {authserver.TokenPath, refreshForm(junk), page, "token of " + address + " page", false},
			"a sandboxed page's junk":  {authserver.TokenPath, refreshForm(junk), http.Header{"Origin": {"null"}}, "token of " + address + " page", false},
			"a local page's junk":      {authserver.TokenPath, refreshForm(junk), local, "token of " + address + " local page", false},
			"our own page's junk":      {authserver.TokenPath, refreshForm(junk), own, "token of " + address, false},
			"revoking an access token": {authserver.RevokePath, url.Values{"client_id": {stranger}, "token": {access}}, nil, "revoke of " + strangers, false},
			"revoking a refresh token": {authserver.RevokePath, url.Values{"client_id": {stranger}, "token": {refresh}}, page, "revoke of " + strangers, true},
			"revoking junk":            {authserver.RevokePath, url.Values{"client_id": {documentID}, "token": {junk}}, nil, "token of " + address, false},
			"revoking a page's junk":   {authserver.RevokePath, url.Values{"client_id": {documentID}, "token": {junk}}, page, "token of " + address + " page", false},
			"revoking nothing":         {authserver.RevokePath, url.Values{"client_id": {documentID}}, nil, "token of " + address, false},
			"registering":              {authserver.RegisterPath, nil, nil, "register of " + address, false},
			"a page registers":         {authserver.RegisterPath, nil, page, "register of " + address + " page", false},
			"a local page registers":   {authserver.RegisterPath, nil, local, "register of " + address + " local page", false},
		} {
			d.memory.Fail(nil) // counts from 0
			d.ask(t.Context(), tc.path, tc.form, tc.header)
			if diff := cmp.Diff([]string{tc.want}, book.take()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if reads := d.memory.Ops() > 0; reads != tc.reads {
				t.Errorf("%s: asks the store %v", name, reads)
			}
		}
	}, func(o *authserver.Options) { o.Limiter = book })
}

func TestPagesOfOthersSpendNoAllowanceOfBrowsers(t *testing.T) {
	book := &ledger{}
	atDesk(t, func(t *testing.T, d *desk) {
		const address = "192.0.2.1"
		open := func(method, path string, header ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, d.url+path, nil)
			r.Header.Set("Content-Type", formType)
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			d.mux.ServeHTTP(w, r)
			return w
		}
		c := &program{w: d.world, id: documentID, redirect: webRedirect, verifier: deskVerifier}
		d.fetch = serves(goodDocument)
		authorize := strings.TrimPrefix(c.request(), d.url)
		w := open(http.MethodGet, authorize)
		cookie := strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0]
		if w.Code != http.StatusOK || cookie == "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		book.take()
		for name, tc := range map[string]struct {
			method, path string
			header       []string
			want         []string
		}{
			"a link": {http.MethodGet, authorize, []string{
				"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document",
			}, []string{"authorize of " + address}},
			"typed in":       {http.MethodGet, authorize, []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, []string{"authorize of " + address}},
			"not a browser":  {http.MethodGet, authorize, []string{"Sec-Fetch-Mode", "cors"}, []string{"authorize of " + address}},
			"a page's image": {http.MethodGet, authorize, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, []string{"authorize of " + address + " page"}},
			"a page's frame": {http.MethodGet, authorize, []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, []string{"authorize of " + address + " page"}},
			"a page's fetch": {http.MethodGet, authorize, []string{"Origin", "https://evil.example"}, []string{"authorize of " + address + " page"}},
			"our form":       {http.MethodPost, authserver.ConsentPath, []string{"Origin", d.url, "Cookie", cookie}, []string{"authorize of " + address}},
			"a stranger's":   {http.MethodPost, authserver.ConsentPath, []string{"Origin", d.url}, []string{"authorize of " + address + " stranger"}},
			"a page's form":  {http.MethodPost, authserver.ConsentPath, []string{"Origin", "https://evil.example", "Cookie", cookie}, nil},
			"a local page's": {http.MethodPost, authserver.ConsentPath, []string{"Origin", "http://localhost:6274", "Cookie", cookie}, nil},
		} {
			w := open(tc.method, tc.path, tc.header...)
			if diff := cmp.Diff(tc.want, book.take()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if tc.want == nil && w.Code < 400 {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
	}, func(o *authserver.Options) { o.Limiter = book })
}

func TestALoginThatIsUsedTooOftenIsTold(t *testing.T) {
	var full limiter
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		for kind, request := range map[string]struct {
			path string
			form url.Values
		}{
			authserver.LimitGrant:  {authserver.TokenPath, refreshForm(refresh)},
			authserver.LimitRevoke: {authserver.RevokePath, url.Values{"client_id": {documentID}, "token": {refresh}}},
		} {
			full.refuse.Store(kind)
			w := d.ask(t.Context(), request.path, request.form, nil)
			out := object(t, w)
			wantRefused(t, kind, w.Code, out, http.StatusTooManyRequests, "temporarily_unavailable")
			if text, _ := out["error_description"].(string); w.Header().Get("Retry-After") != "2" || !strings.Contains(text, "this login") {
				t.Errorf("%s: %v %v", kind, w.Header(), out)
			}
		}
		full.refuse.Store("none")
		d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
	}, func(o *authserver.Options) { o.Limiter = &full })
}

func TestReuseIsLoggedOnce(t *testing.T) {
	for name, fails := range map[string]func(op int) (before, after bool){
		"the store answers": nil,
		// The first attempt revokes the grant and does not know it, the second one finds it
		// revoked.
		"the store's answer was lost": func(op int) (bool, bool) { return false, op == 2 },
		"the store did nothing":       func(op int) (bool, bool) { return op == 2, false },
	} {
		t.Run(name, func(t *testing.T) {
			atDesk(t, func(t *testing.T, d *desk) {
				_, first := d.login()
				access, second := d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(first), nil))
				time.Sleep(10*time.Minute + 5*time.Second)
				d.memory.Fail(fails)
				for _, token := range []string{first, first, second} {
					w := d.ask(t.Context(), authserver.TokenPath, refreshForm(token), nil)
					wantRefused(t, "reuse", w.Code, object(t, w), http.StatusBadRequest, "invalid_grant")
				}
				log := d.log.String()
				if strings.Count(log, "after its grace period") != 1 || strings.Count(log, "WARN") != 1 {
					t.Errorf("log:\n%s", log)
				}
				for _, want := range []string{`client="Example app"`, "seconds_since_rotation=605", "revoked=true", "client_digest="} {
					if !strings.Contains(log, want) {
						t.Errorf("%q is missing in:\n%s", want, log)
					}
				}
				for _, secret := range []string{first, second, access, "id.example"} {
					if strings.Contains(log, secret) {
						t.Errorf("the log has %q", secret)
					}
				}
			})
		})
	}
}

func TestARefreshWithoutAResourceKeepsTheFirstOne(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		access, _ := d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
		if _, err := d.tokens.Verify(access, d.url+"/mcp"); err != nil {
			t.Error(err)
		}
		if _, err := d.tokens.Verify(access, d.url+"/other"); err == nil {
			t.Error("good elsewhere")
		}
	})
}

func TestAnAccessTokenEndsWithItsGrant(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		for range 12 {
			d.ahead.Add(int64(29 * 24 * time.Hour))
			_, refresh = d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
		}
		d.ahead.Add(int64(17*24*time.Hour - time.Minute))
		w := d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil)
		if out := object(t, w); w.Code != http.StatusOK || out["expires_in"] != 60.0 {
			t.Errorf("a minute before the end of the grant: %d %v", w.Code, out)
		}
	})
}

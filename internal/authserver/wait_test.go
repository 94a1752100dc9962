package authserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func object(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
	}
	return out
}

// timed is an answer and how long it took.
type timed struct {
	*httptest.ResponseRecorder
	took time.Duration
}

func (d *desk) timed(form url.Values) timed {
	start := time.Now()
	w := d.ask(d.t.Context(), authserver.TokenPath, form, nil)
	return timed{w, time.Since(start)}
}

// wantBusy is for who is not even let wait.
func wantBusy(t *testing.T, what string, got timed) {
	t.Helper()
	wantRefused(t, what, got.Code, object(t, got.ResponseRecorder), http.StatusServiceUnavailable, "temporarily_unavailable")
	if got.took > 0 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%s: after %s, Retry-After %q", what, got.took, got.Header().Get("Retry-After"))
	}
}

func TestTokenRequestsWaitForTheStoreInBounds(t *testing.T) {
	const all, perGrant = 512, 4
	atDesk(t, func(t *testing.T, d *desk) {
		var tokens []string
		for range all/perGrant + 1 {
			_, refresh := d.login()
			tokens = append(tokens, refresh)
		}
		d.memory.Down()
		var wg sync.WaitGroup
		answers := make(chan timed, all)
		wait := func(token string) { wg.Go(func() { answers <- d.timed(refreshForm(token)) }) }
		for range perGrant {
			wait(tokens[0])
		}
		synctest.Wait()
		wantBusy(t, "a fifth of a login", d.timed(refreshForm(tokens[0])))
		for _, token := range tokens[1 : all/perGrant] {
			for range perGrant {
				wait(token)
			}
		}
		synctest.Wait()
		wantBusy(t, "one too many", d.timed(refreshForm(tokens[all/perGrant])))
		junk := d.timed(refreshForm(strings.Repeat("A", len(tokens[0]))))
		wantRefused(t, "junk", junk.Code, object(t, junk.ResponseRecorder), http.StatusBadRequest, "invalid_grant")
		if junk.took > 0 {
			t.Errorf("junk waited %s", junk.took)
		}
		time.Sleep(15 * time.Second)
		d.memory.Fail(nil)
		wg.Wait()
		for range all {
			if got := <-answers; got.Code != http.StatusOK || got.took < 15*time.Second {
				t.Fatalf("%d after %s: %s", got.Code, got.took, got.Body)
			}
		}
		// They have left, so others can wait.
		d.memory.Down()
		wait(tokens[all/perGrant])
		time.Sleep(time.Second)
		d.memory.Fail(nil)
		if got := <-answers; got.Code != http.StatusOK {
			t.Errorf("afterwards: %d after %s", got.Code, got.took)
		}
	})
}

func TestATokenRequestWaitsTwentySecondsAtMost(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		code := d.code()
		d.memory.Down()
		for name, form := range map[string]url.Values{"refresh token": refreshForm(refresh), "code": codeForm(code)} {
			got := d.timed(form)
			wantRefused(t, name, got.Code, object(t, got.ResponseRecorder), http.StatusServiceUnavailable, "temporarily_unavailable")
			if got.took != 20*time.Second || got.Header().Get("Retry-After") == "" {
				t.Errorf("%s: after %s, Retry-After %q", name, got.took, got.Header().Get("Retry-After"))
			}
		}
	})
}

func TestACodesMinuteStopsWhileItWaits(t *testing.T) {
	for came, want := range map[time.Duration]int{59 * time.Second: http.StatusOK, 60 * time.Second: http.StatusBadRequest} {
		atDesk(t, func(t *testing.T, d *desk) {
			code := d.code()
			time.Sleep(came)
			d.memory.Down()
			time.AfterFunc(15*time.Second, func() { d.memory.Fail(nil) })
			if got := d.timed(codeForm(code)); got.Code != want || got.took < 15*time.Second {
				t.Errorf("%s: %d after %s %s", came, got.Code, got.took, got.Body)
			}
		})
	}
}

func TestARefreshThatWaitedIsJudgedAsOfItsArrival(t *testing.T) {
	for came, want := range map[time.Duration]int{10 * time.Minute: http.StatusOK, 10*time.Minute + time.Second: http.StatusBadRequest} {
		atDesk(t, func(t *testing.T, d *desk) {
			_, first := d.login()
			_, second := d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(first), nil))
			time.Sleep(came)
			d.memory.Down()
			time.AfterFunc(15*time.Second, func() { d.memory.Fail(nil) })
			got := d.timed(refreshForm(first))
			if out := object(t, got.ResponseRecorder); got.Code != want || want == http.StatusOK && out["refresh_token"] != second {
				t.Errorf("%s: %d %v", came, got.Code, out)
			}
		})
	}
}

func TestDrainingEndsTheWait(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		code := d.code()
		d.memory.Down()
		time.AfterFunc(5*time.Second, func() { close(d.draining) })
		got := d.timed(codeForm(code))
		wantRefused(t, "drained", got.Code, object(t, got.ResponseRecorder), http.StatusServiceUnavailable, "temporarily_unavailable")
		if got.took != 5*time.Second || got.Header().Get("Retry-After") == "" {
			t.Errorf("after %s, Retry-After %q", got.took, got.Header().Get("Retry-After"))
		}
		wantBusy(t, "while draining", d.timed(refreshForm(refresh)))
		d.memory.Fail(nil)
		d.got(d.ask(t.Context(), authserver.TokenPath, codeForm(code), nil))
		d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
	})
}

func TestAClientThatLeavesWaitsNoLonger(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		d.memory.Down()
		for range 10 { // more than may wait at a time
			ctx, leave := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, leave)
			start := time.Now()
			d.ask(ctx, authserver.TokenPath, refreshForm(refresh), nil)
			if took := time.Since(start); took != time.Second {
				t.Errorf("waited %s", took)
			}
			synctest.Wait()
		}
		d.memory.Fail(nil)
		d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
	})
}

// A request is tried again while it waits, and by its client after it was given up, whatever
// operation failed and whether it had its effect.
func TestNoFailureOfTheStoreCostsALogin(t *testing.T) {
	for _, kind := range []string{"code", "refresh token"} {
		for _, after := range []bool{false, true} {
			for _, last := range []bool{true, false} { // the nth operation only, or all from it on
				for n := 1; n <= 6; n++ {
					t.Run(fmt.Sprintf("%s, operation %d, after its effect %v, only that %v", kind, n, after, last), func(t *testing.T) {
						atDesk(t, func(t *testing.T, d *desk) { failingStore(t, d, kind, n, after, last) })
					})
				}
			}
		}
	}
}

// Everybody's turn comes: clients take any other answer for the end of their login.
func TestARefreshWaitsUntilThePersonCanBeJudged(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		d.provider.set("", nil, authserver.ErrUnavailable)
		time.AfterFunc(5*time.Second, func() { d.provider.set("", nil, nil) })
		got := d.timed(refreshForm(refresh))
		d.got(got.ResponseRecorder)
		if got.took < 5*time.Second || got.took > 6*time.Second {
			t.Errorf("after %s", got.took)
		}
	})
}

func failingStore(t *testing.T, d *desk, kind string, n int, after, once bool) {
	form := codeForm(d.code())
	if kind != "code" {
		_, refresh := d.login()
		form = refreshForm(refresh)
	}
	d.memory.Fail(func(op int) (bool, bool) {
		fails := op == n || !once && op > n
		return fails && !after, fails && after
	})
	w := d.ask(t.Context(), authserver.TokenPath, form, nil)
	if !once && w.Code == http.StatusServiceUnavailable {
		d.memory.Fail(nil)
		w = d.ask(t.Context(), authserver.TokenPath, form, nil)
	}
	d.memory.Fail(nil)
	access, refresh := d.got(w)
	if grant, _, ok := d.tokens.Grant(access); !ok || grant == "" {
		t.Error("an access token of no grant")
	}
	time.Sleep(time.Hour)
	d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
}

func TestNoFailureOfTheStoreHidesARevocation(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			atDesk(t, func(t *testing.T, d *desk) {
				_, refresh := d.login()
				form := url.Values{"client_id": {documentID}, "token": {refresh}}
				d.memory.FailAt(n, after)
				w := d.ask(t.Context(), authserver.RevokePath, form, nil)
				if w.Code == http.StatusServiceUnavailable {
					d.memory.Fail(nil)
					w = d.ask(t.Context(), authserver.RevokePath, form, nil)
				} else if n <= 2 { // the look-up and the mark
					t.Errorf("operation %d: %d", n, w.Code)
				}
				d.memory.Fail(nil)
				if w.Code != http.StatusOK {
					t.Errorf("operation %d: %d", n, w.Code)
				}
				w = d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil)
				wantRefused(t, "revoked", w.Code, object(t, w), http.StatusBadRequest, "invalid_grant")
			})
		}
	}
}

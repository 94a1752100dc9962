package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// providerError is what a provider fails with.
type providerError struct {
	text      string
	permanent bool
}

func (e providerError) Error() string         { return "hush: " + e.text }
func (e providerError) LogReason() string     { return e.text }
func (e providerError) OperatorMustAct() bool { return e.permanent }

// turnedAway names the rule.
type turnedAway struct{}

func (turnedAway) Error() string     { return "hush@example.com" }
func (turnedAway) LogReason() string { return "a rule of --deny-signin names this person" }
func (turnedAway) Rule() string      { return "groups=contractors" }

// watchRefusals has refusals of a world told in its log.
func watchRefusals(w *world) {
	watch := web.NewRefusals(web.RefusalsOptions{
		Logger: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Count:  func(string, string) {},
		Endpoint: func(path string) string {
			if name := authserver.EndpointName(path); name != "" {
				return name
			}
			return "none"
		},
	})
	w.server.Config.Handler = web.RequestID(watch.Handler(w.server.Config.Handler))
}

func TestPersonWhoIsTurnedAwayLeavesALine(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		reason string
	}{
		"by a rule":       {errors.Join(authserver.ErrNotAllowed, turnedAway{}), "reason=person_not_allowed"},
		"by the provider": {errors.Join(authserver.ErrDenied, turnedAway{}), "reason=denied_by_provider"},
	} {
		for _, at := range []string{"callback", "refresh"} {
			t.Run(name+" at "+at, func(t *testing.T) {
				w := newWorld(t, func(o *authserver.Options) { o.PersonDigest = func(string) string { return "0a1b" } })
				watchRefusals(w)
				c := w.program(localRedirect)
				if at == "callback" {
					w.provider.set("ann", tt.err, nil)
					w.browser().signIn(c.request())
				} else {
					_, refresh := c.tokens(w.browser())
					w.provider.set("", nil, tt.err)
					c.refresh(refresh)
				}
				got := w.log.String()
				for _, want := range []string{"level=INFO", `msg="request refused"`, tt.reason, `rule="groups=contractors"`, "names this person", "mend="} {
					if !strings.Contains(got, want) {
						t.Errorf("no %s in %s", want, got)
					}
				}
				if at == "refresh" && !strings.Contains(got, "subject=0a1b") {
					t.Errorf("nobody is named in %s", got)
				}
				if strings.Count(got, "request refused") != 1 || strings.Contains(got, "hush") || strings.Contains(got, "id.example#ann") {
					t.Errorf("told %s", got)
				}
			})
		}
	}
}

// brokenStart is a provider that cannot even be asked.
type brokenStart struct {
	authserver.SignIn
	err error
}

func TestPageSaysWhetherTryingAgainHelps(t *testing.T) {
	for name, tt := range map[string]struct {
		err        error
		want, log  string
		not        string
		retryAfter bool
	}{
		"the provider is away": {
			errors.Join(authserver.ErrUnavailable, providerError{"connection refused", false}), "try again in a moment", "connection refused",
			"operator of this server has to change", true,
		},
		"the issuer is mistyped": {
			errors.Join(authserver.ErrUnavailable, providerError{"the metadata names another issuer", true}),
			"operator of this server has to change", "the metadata names another issuer", "try again in a moment", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *authserver.Options) { o.SignIn = brokenStart{o.SignIn, tt.err} })
			watchRefusals(w)
			a := w.browser().follow(w.program(localRedirect).request())
			shown := strings.ToLower(text(a.body))
			if !strings.Contains(shown, tt.want) || strings.Contains(shown, tt.not) {
				t.Errorf("the page says %s", shown)
			}
			if id := a.header.Get("X-Request-Id"); id == "" || !strings.Contains(a.body, id) {
				t.Errorf("the page does not show the error id %q", id)
			}
			if (a.header.Get("Retry-After") != "") != tt.retryAfter {
				t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
			}
			if strings.Contains(a.body+w.log.String(), "hush") {
				t.Error("the page or the log has the cause")
			}
			if !strings.Contains(w.log.String(), tt.log) || !strings.Contains(w.log.String(), "mend=") {
				t.Errorf("told %s", w.log.String())
			}
		})
	}
}

func (b brokenStart) Begin(context.Context, string) (string, []byte, error) { return "", nil, b.err }

func TestProviderFailureAtCallbackKeepsItsReason(t *testing.T) {
	for _, reason := range []string{
		"the provider did not accept the code: invalid_client", "the ID token has another nonce", "the ID token is for another client",
		"the provider reported an error: unauthorized_client", "the answer comes from another issuer: expected a, found b",
	} {
		t.Run(reason, func(t *testing.T) {
			w := newWorld(t)
			watchRefusals(w)
			c := w.program(localRedirect)
			w.provider.set("ann", fmt.Errorf("hush: %w", providerError{reason, true}), nil)
			if q := w.browser().signIn(c.request()); q.Get("error") != "server_error" {
				t.Errorf("answered %v", q)
			}
			got := w.log.String()
			if !strings.Contains(got, reason) || !strings.Contains(got, "mend=") || strings.Contains(got, "hush") {
				t.Errorf("told %s", got)
			}
		})
	}
}

func TestFloodOfProviderFailuresIsABoundedNumberOfLines(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	const flood = 20
	for i := range flood {
		// What follows the fixed words may be what a stranger put into the answer.
		w.provider.set("ann", providerError{fmt.Sprintf("the answer comes from another issuer: found https://%d.example", i), true}, nil)
		w.browser().signIn(c.request())
	}
	if n := strings.Count(w.log.String(), "oauth request failed"); n == 0 || n > 5 || strings.Contains(w.log.String(), "untold") {
		t.Errorf("%d lines, want 1 to 5, of which none counts others: %s", n, w.log.String())
	}
	w.ahead.Add(int64(time.Minute))
	w.browser().signIn(c.request())
	if want := fmt.Sprintf("untold=%d", flood-5); !strings.Contains(w.log.String(), want) {
		t.Errorf("no %s in %s", want, w.log.String())
	}
}

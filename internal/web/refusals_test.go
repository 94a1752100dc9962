package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

// told is a log and counters that refusals go to.
type toldLog struct {
	log    bytes.Buffer
	counts map[string]int
	now    time.Time
}

func (d *toldLog) watch(h http.Handler) http.Handler {
	d.counts = map[string]int{}
	return web.NewRefusals(web.RefusalsOptions{
		Logger: slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Count:  func(endpoint, reason string) { d.counts[endpoint+" "+reason]++ },
		Endpoint: func(path string) string {
			if path == "/probe" {
				return ""
			}
			return "mcp"
		},
		Now: func() time.Time { return d.now },
	}).Handler(h)
}

func (d *toldLog) lines(level string) int {
	return strings.Count(d.log.String(), "level="+level+" msg=\"request refused\"")
}

func visit(h http.Handler, host, path string, headers ...string) {
	r := httptest.NewRequest(http.MethodPost, "http://"+host+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func watched(t *testing.T, d *toldLog) http.Handler {
	t.Helper()
	g, err := web.NewGuard(&url.URL{Scheme: "https", Host: "mcp.example.com"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.watch(g.Hosts(g.Origins(http.NotFoundHandler())))
}

func TestRefusedHostAndOriginAreToldOnce(t *testing.T) {
	d := &toldLog{now: time.Unix(1e9, 0)}
	h := watched(t, d)
	visit(h, "gateway.internal:8080", "/mcp?secret=hush")
	visit(h, "mcp.example.com", "/mcp", "Origin", "https://app.example\" level=ERROR")
	got := d.log.String()
	for _, want := range []string{"reason=host_not_allowed", "found=gateway.internal", "--allowed-hosts", "reason=origin_not_allowed", "--allowed-origins", "status=403"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "hush") || strings.Contains(got, "level=ERROR") || d.lines("INFO") != 2 {
		t.Errorf("told %s", got)
	}
	if d.counts["mcp host_not_allowed"] != 1 || d.counts["mcp origin_not_allowed"] != 1 {
		t.Errorf("counted %v", d.counts)
	}
}

func TestFloodOfForeignHostsIsBoundedAtInfo(t *testing.T) {
	for name, host := range map[string]func(int) string{
		"the same name": func(int) string { return "evil.example" },
		"many names":    func(i int) string { return fmt.Sprintf("h%c%c.example", 'a'+i%26, 'a'+i/26%26) },
	} {
		t.Run(name, func(t *testing.T) {
			d := &toldLog{now: time.Unix(1e9, 0)}
			h := watched(t, d)
			for i := range 1000 {
				visit(h, host(i), "/mcp")
			}
			if n := d.lines("INFO"); n < 1 || n > 20 || n+d.lines("DEBUG") != 1000 || d.counts["mcp host_not_allowed"] != 1000 {
				t.Errorf("%d lines at INFO, %d at DEBUG, counted %v", n, d.lines("DEBUG"), d.counts)
			}
			before := d.lines("INFO")
			d.now = d.now.Add(time.Minute)
			visit(h, host(0), "/mcp")
			if d.lines("INFO") != before+1 {
				t.Error("nothing was told in the next minute")
			}
		})
	}
}

func TestFloodOfPeopleTurnedAwayIsBoundedAtInfo(t *testing.T) {
	for _, reason := range []web.Reason{web.ReasonPersonNotAllowed, web.ReasonSignInOver, web.ReasonProvider, web.ReasonForbidden} {
		t.Run(string(reason), func(t *testing.T) {
			d := &toldLog{now: time.Unix(1e9, 0)}
			h := d.watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said := reason
				if r.URL.Path == "/other" {
					said = web.ReasonBlockedClient
				}
				web.Refused(w, http.StatusForbidden, said, slog.String("person", "0a1b"))
			}))
			for range 1000 {
				visit(h, "localhost", "/mcp")
			}
			if d.lines("INFO") != 200 || d.lines("DEBUG") != 800 || d.counts["mcp "+string(reason)] != 1000 || strings.Contains(d.log.String(), "untold") {
				t.Errorf("%d lines at INFO, %d at DEBUG, counted %v", d.lines("INFO"), d.lines("DEBUG"), d.counts)
			}
			if visit(h, "localhost", "/other"); d.lines("INFO") != 201 {
				t.Error("one reason keeps another from being told")
			}
			d.log.Reset()
			d.now = d.now.Add(time.Minute)
			visit(h, "localhost", "/mcp")
			visit(h, "localhost", "/mcp")
			if d.lines("INFO") != 2 || strings.Count(d.log.String(), "person=0a1b untold=800") != 1 {
				t.Errorf("in the next minute: %s", d.log.String())
			}
		})
	}
}

func TestAnswerOfWhichNobodySaidWhyIsTold(t *testing.T) {
	for status, reason := range map[int]web.Reason{
		400: web.ReasonBadRequest, 404: web.ReasonNotFound, 405: web.ReasonMethod, 406: web.ReasonAccept, 413: web.ReasonTooLarge,
		415: web.ReasonContentType, 429: web.ReasonTooMany, 500: web.ReasonInternal, 503: web.ReasonUnavailable,
	} {
		t.Run(string(reason), func(t *testing.T) {
			d := &toldLog{}
			h := d.watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			visit(h, "localhost", "/mcp")
			visit(h, "localhost", "/probe")
			if d.lines("DEBUG") != 1 || d.counts["mcp "+string(reason)] != 1 || !strings.Contains(d.log.String(), "mend=") {
				t.Errorf("told %s, counted %v", d.log.String(), d.counts)
			}
		})
	}
}

func TestFoundValueHasNoWholeNumberAndNoQuery(t *testing.T) {
	got := web.Found("https://a.example/?to=+14155550123&x=" + strings.Repeat("y", 500)).Value.String()
	if strings.Contains(got, "4155550123") || strings.ContainsAny(got, "=&+ ") || len(got) > 100 {
		t.Errorf("found %s", got)
	}
}

func TestReasonsStandInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	var constants, rows []string
	for _, m := range regexp.MustCompile(`(?m)^\tReason\w+ +Reason = "(\w+)"$`).FindAllSubmatch(source, -1) {
		constants = append(constants, string(m[1]))
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (?:INFO|DEBUG) \\| (.+)\\. \\|$").FindAllSubmatch(manual, -1) {
		rows = append(rows, string(m[1]))
		mend := web.Reasons()[web.Reason(m[1])]
		if !strings.EqualFold(mend, string(m[2])) {
			t.Errorf("%s: the manual says %q, the code %q", m[1], m[2], mend)
		}
	}
	var known []string
	for r := range maps.Keys(web.Reasons()) {
		known = append(known, string(r))
	}
	slices.Sort(constants)
	slices.Sort(rows)
	slices.Sort(known)
	if !slices.Equal(constants, known) || !slices.Equal(known, rows) {
		t.Errorf("constants %v\ntable %v\nmanual %v", constants, known, rows)
	}
}

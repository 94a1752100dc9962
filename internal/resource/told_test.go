package resource_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// faulty is a token that is at fault.
type faulty struct{}

func (faulty) Error() string     { return "hush" }
func (faulty) LogReason() string { return "expected a, found b" }
func (faulty) Unwrap() error {
	return &fault.Error{Kind: fault.InvalidToken, Public: "another resource"}
}

// ruledOut is somebody whom a rule turns away.
type ruledOut struct{}

func (ruledOut) Error() string     { return "hush" }
func (ruledOut) LogReason() string { return "no rule of --allow-signin fits" }
func (ruledOut) Rule() string      { return "groups=staff" }
func (ruledOut) Unwrap() error     { return &fault.Error{Kind: fault.Denied, Public: "not allowed"} }

func TestRefusedTokenIsToldWithItsCause(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		because func(error) web.Reason
		token   string
		want    []string
	}{
		"for another server": {faulty{}, func(error) web.Reason { return web.ReasonForeignToken }, "x",
			[]string{"level=INFO", "reason=token_for_another_server", `cause="expected a, found b"`, "status=401"}},
		"at fault":  {faulty{}, nil, "x", []string{"level=DEBUG", "reason=invalid_token", `cause="expected a, found b"`}},
		"by a rule": {ruledOut{}, nil, "x", []string{"level=INFO", "reason=person_not_allowed", "rule=\"groups=staff\"", "status=403"}},
		"no token":  {faulty{}, nil, "", []string{"level=DEBUG", "reason=no_token"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s, err := resource.New(resource.Options{
				PublicURL: &url.URL{Scheme: "https", Host: "mcp.example.com"}, Name: "Name", Logger: logger, Because: tt.because,
				Endpoints:            func(string) ([]string, bool) { return nil, true },
				AuthorizationServers: []string{"https://id.example.com"},
				Verifier: resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
					return identity.Caller{}, tt.err
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			watch := web.NewRefusals(web.RefusalsOptions{Logger: logger, Count: func(string, string) {}, Endpoint: func(string) string { return "mcp" }})
			r := httptest.NewRequest(http.MethodPost, "https://mcp.example.com/mcp", nil)
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
			watch.Handler(s.Protect(http.NotFoundHandler())).ServeHTTP(httptest.NewRecorder(), r)
			got := log.String()
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
			if strings.Count(got, "\n") != 1 || strings.Contains(got, "hush") {
				t.Errorf("told %s", got)
			}
		})
	}
}

func TestMissingScopeIsToldToWhoCanMendIt(t *testing.T) {
	for name, tt := range map[string]struct {
		external bool
		want     string
	}{
		"our own token":           {false, "level=DEBUG msg=\"request refused\" endpoint=mcp reason=insufficient_scope status=403"},
		"token of another issuer": {true, "level=INFO msg=\"request refused\" endpoint=mcp reason=scope_not_in_token status=403"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s, err := resource.New(resource.Options{
				PublicURL: &url.URL{Scheme: "https", Host: "mcp.example.com"}, Name: "Name", Logger: logger, External: tt.external,
				Endpoints:            func(string) ([]string, bool) { return []string{"a"}, true },
				AuthorizationServers: []string{"https://id.example.com"},
				Verifier: resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
					return identity.Caller{Subject: "ann"}, nil
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			watch := web.NewRefusals(web.RefusalsOptions{Logger: logger, Count: func(string, string) {}, Endpoint: func(string) string { return "mcp" }})
			r := httptest.NewRequest(http.MethodPost, "https://mcp.example.com/mcp", nil)
			r.Header.Set("Authorization", "Bearer x")
			watch.Handler(requiring(s, "a")).ServeHTTP(httptest.NewRecorder(), r)
			if got := log.String(); !strings.Contains(got, tt.want) || !strings.Contains(got, "expected=a") {
				t.Errorf("told %s", got)
			}
		})
	}
}

// What is neither the client's fault nor the operator's rule has no cause beside its reason; the
// warning of that time has it.
func TestEachRefusalIsToldByItsReason(t *testing.T) {
	verifying := func(err error) http.Handler {
		return newServer(t, func(o *resource.Options) {
			o.Verifier = resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) { return identity.Caller{}, err })
		}).Protect(ok)
	}
	s := newServer(t)
	good := bearer(tokenFor(public+"/mcp", "a"))
	for name, tt := range map[string]struct {
		h      http.Handler
		header http.Header
		want   string
	}{
		"nobody can tell":     {verifying(errors.New("boom")), bearer("x"), "reason=unavailable status=503"},
		"not a token":         {verifying(faulty{}), bearer("ö"), "reason=bad_request status=400 cause=\"the Authorization header must be"},
		"two headers":         {s.Protect(ok), http.Header{"Authorization": {"a", "b"}}, "reason=bad_request status=400 cause=\"more than one"},
		"ended since":         {s.Protect(challenging(s, t)), good, "reason=invalid_token status=401 cause=\"the sign-in has ended\""},
		"denied, no rule":     {verifying(&fault.Error{Kind: fault.Denied, Public: "ask for access"}), bearer("x"), "reason=person_not_allowed status=403 cause=\"ask for access\""},
		"nobody was asked":    {challenging(s, t), good, "reason=internal_error status=500"},
		"a token of nobody's": {s.Protect(ok), bearer("x"), "reason=invalid_token status=401 cause=\"the token is for another resource\""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug,
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == "mend" {
						return slog.Attr{}
					}
					return a
				}}))
			watch := web.NewRefusals(web.RefusalsOptions{Logger: logger, Count: func(string, string) {}, Endpoint: func(string) string { return "mcp" }})
			w := ask(t, watch.Handler(tt.h), http.MethodPost, public+"/mcp", tt.header)
			got := log.String()
			if !strings.Contains(got, tt.want) || strings.Contains(got, "cause=") != strings.Contains(tt.want, "cause=") {
				t.Errorf("told %s", got)
			}
			if code := rpcCode(t, w); (w.Code >= http.StatusInternalServerError) != (code == -32603) {
				t.Errorf("status %d with code %d", w.Code, code)
			}
			if _, waits := w.Header()["Retry-After"]; waits != (w.Code == http.StatusServiceUnavailable) {
				t.Errorf("status %d with headers %v", w.Code, w.Header())
			}
		})
	}
}

func TestFloodOfTokensThatNobodyCanJudgeIsOneLine(t *testing.T) {
	var log bytes.Buffer
	s, err := resource.New(resource.Options{
		PublicURL: &url.URL{Scheme: "https", Host: "mcp.example.com"}, Name: "Name", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Endpoints:            func(string) ([]string, bool) { return nil, true },
		AuthorizationServers: []string{"https://id.example.com"},
		Verifier: resource.VerifierFunc(func(context.Context, string, string) (identity.Caller, error) {
			return identity.Caller{}, errors.New("the keys are unavailable")
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		r := httptest.NewRequest(http.MethodPost, "https://mcp.example.com/mcp", nil)
		r.Header.Set("Authorization", "Bearer x")
		s.Protect(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	}
	if n := strings.Count(log.String(), "could not be judged"); n < 1 || n > 2 { // two if a minute ends meanwhile
		t.Errorf("%d lines, want one", n)
	}
}

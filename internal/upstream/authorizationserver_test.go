package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// elsewhere is an authorization server that nobody signs in at through the gateway.
type elsewhere struct {
	*httptest.Server
	metadata map[string]string // by path
	answer   string            // of the token endpoint
	status   int
	asked    []string
	got      *http.Request
}

func newElsewhere(t *testing.T) *elsewhere {
	s := &elsewhere{status: http.StatusOK, answer: `{"access_token":"exchanged","token_type":"Bearer","expires_in":60}`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			_ = r.ParseForm()
			s.got = r
			w.WriteHeader(s.status)
			_, _ = w.Write([]byte(s.answer))
			return
		}
		body, ok := s.metadata[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// exchange asks for a token as --auth external does: with the client's own.
func (s *elsewhere) exchange(t *testing.T, opts AuthorizationServerOptions) (clerkapi.Credential, error) {
	t.Helper()
	opts.ClientID, opts.ClientSecret, opts.Transport = "gateway", "s3cret: of the gateway", s.Client().Transport
	server, err := NewAuthorizationServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewExchange(ExchangeOptions{
		Server: server, Resource: "https://api.example.com", Scope: "messages",
		Subject: func(context.Context, string) (string, error) { return "the client's token", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return e.Credential(t.Context(), "ann")
}

func TestTheTokenEndpointIsFoundByTheIssuersMetadata(t *testing.T) {
	for _, path := range []string{"/.well-known/oauth-authorization-server/tenant", "/tenant/.well-known/openid-configuration"} {
		s := newElsewhere(t)
		s.metadata = map[string]string{path: `{"issuer":"` + s.URL + `/tenant","token_endpoint":"` + s.URL + `/token",
			"token_endpoint_auth_methods_supported":["client_secret_post"]}`}
		c, err := s.exchange(t, AuthorizationServerOptions{Issuer: s.URL + "/tenant"})
		if err != nil || c != clerkapi.Bearer("exchanged") || s.got.URL.Path != "/token" {
			t.Fatalf("%s: not the token, or an error: %v", path, err)
		}
		f := s.got.PostForm
		if f.Get("subject_token") != "the client's token" || f.Get("resource") != "https://api.example.com" || f.Get("scope") != "messages" ||
			f.Has("audience") || f.Get("client_id") != "gateway" || f.Get("client_secret") != "s3cret: of the gateway" ||
			s.got.Header.Get("Authorization") != "" {
			t.Errorf("%s: asked with %v", path, f)
		}
	}
}

func TestATokenEndpointThatIsNamedIsAskedWithoutMetadata(t *testing.T) {
	s := newElsewhere(t)
	if c, err := s.exchange(t, AuthorizationServerOptions{TokenURL: s.URL + "/sts"}); err != nil || c != clerkapi.Bearer("exchanged") {
		t.Fatalf("not the token, or an error: %v", err)
	}
	user, password, _ := s.got.BasicAuth()
	if len(s.asked) != 1 || s.asked[0] != "/sts" || user != "gateway" || password != "s3cret%3A+of+the+gateway" {
		t.Errorf("asked %v as %s", s.asked, user)
	}
}

func TestMetadataOfSomebodyElseNamesNoTokenEndpoint(t *testing.T) {
	for name, metadata := range map[string]string{
		"another issuer": `{"issuer":"https://evil.example","token_endpoint":"URL/token"}`,
		"plain http":     `{"issuer":"URL","token_endpoint":"http://evil.example/token"}`,
		"no endpoint":    `{"issuer":"URL"}`,
		"no JSON":        `<html>`,
	} {
		s := newElsewhere(t)
		s.metadata = map[string]string{"/.well-known/oauth-authorization-server": strings.ReplaceAll(metadata, "URL", s.URL)}
		if _, err := s.exchange(t, AuthorizationServerOptions{Issuer: s.URL}); !errors.Is(err, ErrUnavailable) || s.got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client's own token cannot be renewed here: its client has to get another one.
func TestRefusedClientTokenIsOverAndUnjudgedOneIsNot(t *testing.T) {
	for _, tc := range []struct {
		status int
		answer string
		want   error
	}{
		{400, `{"error":"invalid_grant","error_description":"leaked"}`, ErrGrantOver},
		{400, `{"error":"invalid_request"}`, ErrUnavailable}, // it may be the request
		{400, `{"error":"invalid_target"}`, ErrUnavailable},
		{401, `{"error":"invalid_client"}`, ErrUnavailable},
		{500, `{"error":"invalid_grant"}`, ErrUnavailable},
		{503, ``, ErrUnavailable},
		{200, `{"access_token":"x","token_type":"mac"}`, ErrUnavailable},
	} {
		s := newElsewhere(t)
		s.status, s.answer = tc.status, tc.answer
		_, err := s.exchange(t, AuthorizationServerOptions{TokenURL: s.URL})
		if !errors.Is(err, tc.want) || errors.Is(err, ErrGrantOver) && errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "leaked") {
			t.Errorf("%d %s: %v", tc.status, tc.answer, err)
		}
	}
}

func TestAnAuthorizationServerNamesWhatIsWrong(t *testing.T) {
	for name, opts := range map[string]AuthorizationServerOptions{
		"no client":       {Issuer: "https://login.example.com"},
		"nothing to ask":  {ClientID: "gateway"},
		"issuer by http":  {ClientID: "gateway", Issuer: "http://login.example.com"},
		"endpoint by ftp": {ClientID: "gateway", Issuer: "https://login.example.com", TokenURL: "ftp://login.example.com"},
	} {
		if _, err := NewAuthorizationServer(opts); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

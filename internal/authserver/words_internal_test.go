package authserver

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

func TestEachKindOfErrorHasItsReason(t *testing.T) {
	for want, errs := range map[web.Reason][]*Error{
		web.ReasonTooMany:            {{kind: tooMany}},
		web.ReasonInvalidClient:      {{kind: invalidClient}},
		web.ReasonDocument:           {{kind: invalidClient, deployment: true}},
		web.ReasonOthersToken:        {{kind: unauthorizedClient}},
		web.ReasonUnsupported:        {{kind: unsupportedGrantType}, {kind: unsupportedResponse}, {kind: interactionRequired}, {kind: requestNotSupported}},
		web.ReasonInvalidGrant:       {{kind: invalidGrant}},
		web.ReasonScope:              {{kind: invalidScope}},
		web.ReasonTarget:             {{kind: invalidTarget}},
		web.ReasonDeclined:           {{kind: accessDenied}},
		web.ReasonRegisteredRedirect: {{kind: invalidRedirectURI}},
		web.ReasonClientMetadata:     {{kind: invalidClientMetadata}},
		web.ReasonUnavailable:        {{kind: temporarilyUnavailable}},
		web.ReasonInternal:           {{kind: serverError}},
		web.ReasonInvalidRequest:     {{kind: invalidRequest}},
		web.ReasonPKCE:               {{kind: invalidRequest, reason: web.ReasonPKCE}, {kind: tooMany, reason: web.ReasonPKCE}},
	} {
		for _, e := range errs {
			if got := e.why(); got != want {
				t.Errorf("%s, deployment %v: %q, want %q", e.kind.code, e.deployment, got, want)
			}
		}
	}
}

func TestOperatorsAreToldWhatMendsAFailure(t *testing.T) {
	for _, tc := range []struct {
		kind  kind
		store bool
		want  string
	}{
		{temporarilyUnavailable, true, "the store does not answer"},
		{serverError, true, "the store does not answer"},
		{temporarilyUnavailable, false, "does not answer; it passes when that is back"},
		{serverError, false, "have to be changed"},
	} {
		if got := mend(&Error{kind: tc.kind}, tc.store); !strings.Contains(got, tc.want) {
			t.Errorf("%s, store %v: %q", tc.kind.code, tc.store, got)
		}
	}
}

func TestEachFaultOfAnAssertionIsNamed(t *testing.T) {
	for reason, want := range map[token.Reason][2]string{
		token.ReasonAlgorithm: {"must be signed with RS256", "asymmetric algorithm"},
		token.ReasonSymmetric: {"must be signed with RS256", "asymmetric algorithm"},
		token.ReasonUnsigned:  {"must be signed with RS256", "asymmetric algorithm"},
		token.ReasonType:      {"typ of client_assertion", "made for something else"},
		token.ReasonClaims:    {"must have iss, sub, jti", "must have iss, sub and aud"},
		token.ReasonIssuer:    {"at most 16 KiB", "must have iss, sub and aud"},
		token.ReasonSubject:   {"at most 16 KiB", "must have iss, sub and aud"},
		token.ReasonAudience:  {"at most 16 KiB", "must have iss, sub and aud"},
		token.ReasonCritical:  {"demands an extension", "demands an extension"},
		token.ReasonSignature: {"does not verify", "does not verify"},
		token.ReasonBound:     {"at most 16 KiB", "bound to a key"},
		"another":             {"at most 16 KiB", "at most 16 KiB"},
	} {
		err := fmt.Errorf("wrapped: %w", &token.InvalidError{Reason: reason})
		if client, bearer := assertionProblem(err), bearerProblem(err); !strings.Contains(client, want[0]) || !strings.Contains(bearer, want[1]) {
			t.Errorf("%s: %q, %q", reason, client, bearer)
		}
	}
	other := errors.New("other")
	if client, bearer := assertionProblem(other), bearerProblem(other); !strings.Contains(client, "16 KiB") || !strings.Contains(bearer, "cannot be read") {
		t.Errorf("%q, %q", client, bearer)
	}
}

func TestEachPathHasItsNameAndWaitsOrNot(t *testing.T) {
	for path, want := range map[string]struct {
		name  string
		waits bool
	}{
		AuthorizePath: {"authorize", true}, "/authorize": {"authorize", true}, RegisterPath: {"register", true}, "/register": {"register", true},
		TokenPath: {"token", false}, "/token": {"token", false}, RevokePath: {"revoke", false}, "/revoke": {"revoke", false},
		ConsentPath: {"consent", true}, CallbackPath: {"callback", true}, KeysPath: {"jwks", false}, KeyPath: {"key", true},
		AccountKeyPath: {"account", true}, MetadataPath: {"", false}, "": {"", false}, "/callback": {"", false},
	} {
		if name, waits := EndpointName(path), WaitsForStore(path); name != want.name || waits != want.waits {
			t.Errorf("%q: %q, waits %v", path, name, waits)
		}
	}
}

func TestClientsAreLimitedToTheirGrantTypes(t *testing.T) {
	code, software := []string{grantCode, grantRefresh}, []string{grantClient}
	for _, tc := range []struct {
		grants []string
		asks   string
		want   string // of the refusal; "" for none
	}{
		{nil, grantCode, ""}, {nil, grantRefresh, ""}, {nil, grantBearer, ""}, {nil, grantClient, "only to which the operator"},
		{code, grantCode, ""}, {code, grantRefresh, ""}, {code, grantClient, "not given client_credentials"}, {code, grantBearer, "not given " + grantBearer},
		{software, grantClient, ""}, {software, grantCode, "signs nobody in"}, {software, grantRefresh, "signs nobody in"},
		{software, grantBearer, "not given " + grantBearer}, {software, "other", ""},
	} {
		e := (&client{grants: tc.grants}).may(tc.asks)
		if (e == nil) != (tc.want == "") || e != nil && (!strings.Contains(e.text(), tc.want) || e.kind != unauthorizedClient) {
			t.Errorf("%q asks for %s: %v", tc.grants, tc.asks, e)
		}
	}
}

func TestCookiesAreNamedByThePublicURL(t *testing.T) {
	for public, want := range map[string]cookies{
		"https://gw.example":          {prefix: "__Host-", path: "/", secure: true},
		"https://gw.example/":         {prefix: "__Host-", path: "/", secure: true},
		"https://gw.example/mcp/":     {prefix: "__Secure-", path: "/mcp", secure: true},
		"http://localhost":            {suffix: "-80", path: "/"},
		"http://localhost:8080":       {suffix: "-8080", path: "/"},
		"http://localhost:8080/below": {suffix: "-8080", path: "/below"},
	} {
		u, err := url.Parse(public)
		if err != nil {
			t.Fatal(err)
		}
		if got := newCookies(u); got != want {
			t.Errorf("%s: %+v", public, got)
		}
	}
}

func TestOnlyADocumentsHTTPSRedirectIsOnItsOwnHost(t *testing.T) {
	const id, own = "https://app.example/client.json", "https://app.example/cb"
	for _, tc := range []struct {
		origin   origin
		id       string
		redirect string
		want     bool
	}{
		{document, id, own, true}, {document, id, "https://other.example/cb", false}, {document, id, "http://app.example/cb", false},
		{document, id, "https://app.example:444/cb", false}, {document, id, "https://app.example/%zz", false}, {preregistered, id, own, false},
		{registered, id, own, false}, {document, "https://app.example/%zz", own, false}, {registered, "id", "https:///cb", false},
	} {
		if got := (&client{id: tc.id, origin: tc.origin}).onOwnHost(tc.redirect); got != tc.want {
			t.Errorf("%v %s: %v", tc.origin, tc.redirect, got)
		}
	}
}

func TestWhatWasDoneIsNotDoneAgainForAWhile(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first := (&lately{}).first
	for _, step := range []struct {
		what  string
		after time.Duration
		want  bool
	}{{"a", 0, true}, {"a", latelyPeriod - 1, false}, {"b", latelyPeriod - 1, true}, {"a", latelyPeriod, true}, {"b", latelyPeriod, false}} {
		if got := first(step.what, now.Add(step.after)); got != step.want {
			t.Errorf("%s after %s: %v", step.what, step.after, got)
		}
	}
	l := &lately{}
	for i := range maxLately + 1 {
		if got := l.first(fmt.Sprint(i), now); got != (i < maxLately) {
			t.Fatalf("%d of %d: %v", i, maxLately, got)
		}
	}
	if !l.first("x", now.Add(latelyPeriod)) || len(l.when) != 1 {
		t.Errorf("afterwards %d are remembered", len(l.when))
	}
}

package token_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestClientStandsForAnAbsentAudience(t *testing.T) {
	cognito := map[string]any{"aud": nil, "client_id": "listed", "token_use": "access"}
	for name, tc := range map[string]struct {
		list    []string
		changes map[string]any
		want    token.Reason // "" if it is good
	}{
		"on the list":                   {[]string{"other", "listed"}, nil, ""},
		"without a list":                {nil, nil, token.ReasonNoAudience},
		"of another client":             {[]string{"other"}, nil, token.ReasonClient},
		"without a client":              {[]string{"listed"}, map[string]any{"client_id": nil}, token.ReasonClient},
		"azp is not client_id":          {[]string{"listed"}, map[string]any{"client_id": nil, "azp": "listed"}, token.ReasonClient},
		"a list of clients":             {[]string{"listed"}, map[string]any{"client_id": []string{"listed"}}, token.ReasonClient},
		"an ID token":                   {[]string{"listed"}, map[string]any{"token_use": "id"}, token.ReasonTokenUse},
		"use not told":                  {[]string{"listed"}, map[string]any{"token_use": nil}, token.ReasonTokenUse},
		"use a list":                    {[]string{"listed"}, map[string]any{"token_use": []string{"access"}}, token.ReasonTokenUse},
		"an empty audience":             {[]string{"listed"}, map[string]any{"aud": []string{}}, token.ReasonAudience},
		"another audience":              {[]string{"listed"}, map[string]any{"aud": "https://api.example.com"}, token.ReasonAudience},
		"our audience":                  {[]string{"listed"}, map[string]any{"aud": endpoint, "token_use": nil}, ""},
		"our audience, another client":  {[]string{"other"}, map[string]any{"aud": endpoint}, token.ReasonClient},
		"our audience, client by azp":   {[]string{"listed"}, map[string]any{"aud": endpoint, "client_id": nil, "azp": "listed"}, ""},
		"our audience, client by cid":   {[]string{"listed"}, map[string]any{"aud": endpoint, "client_id": nil, "cid": "listed"}, ""},
		"our audience, client by appid": {[]string{"listed"}, map[string]any{"aud": endpoint, "client_id": nil, "appid": "listed"}, ""},
		"our audience, no client":       {[]string{"listed"}, map[string]any{"aud": endpoint, "client_id": nil}, token.ReasonClient},
		"our audience, an ID token":     {nil, map[string]any{"aud": endpoint, "token_use": "id"}, token.ReasonTokenUse},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *token.ExternalOptions) { o.Clients = tc.list })
			claims := w.claims(cognito)
			for n, v := range tc.changes {
				if claims[n] = v; v == nil {
					delete(claims, n)
				}
			}
			if raw := w.issuer.Sign(claims); tc.want != "" {
				w.refuses(t, raw, tc.want)
			} else {
				w.accepts(t, raw)
				w.accepts(t, raw) // cached
			}
		})
	}
}

// Operators read what was expected, and what was found if it looks harmless. Nobody writes into
// their log what they like.
func TestLogReasonSaysExpectedAndFound(t *testing.T) {
	w := newWorld(t, func(o *token.ExternalOptions) { o.Audiences = []string{"api://default"} })
	stranger := "https://other.example.com/tenant"
	for name, tc := range map[string]struct {
		changes map[string]any
		has     []string
		hasNot  string
	}{
		"issuer":                {map[string]any{"iss": stranger}, []string{"expected " + w.issuer.URL, "found " + stranger}, ""},
		"issuer with a slash":   {map[string]any{"iss": w.issuer.URL + "/"}, []string{"found " + w.issuer.URL + "/"}, ""},
		"issuer over http":      {map[string]any{"iss": "http://canary.example.com"}, []string{"expected"}, "canary"},
		"issuer of two lines":   {map[string]any{"iss": "https://canary.example.com/\nlevel=ERROR"}, []string{"expected"}, "canary"},
		"issuer with a user":    {map[string]any{"iss": "https://canary@example.com"}, []string{"expected"}, "canary"},
		"issuer with a query":   {map[string]any{"iss": "https://example.com/?canary"}, []string{"expected"}, "canary"},
		"issuer without end":    {map[string]any{"iss": "https://canary.example.com/" + strings.Repeat("x", 200)}, []string{"expected"}, "canary"},
		"issuer in color":       {map[string]any{"iss": "https://canary.example.com/\x1b[31m"}, []string{"expected"}, "canary"},
		"issuer that is a text": {map[string]any{"iss": "canary"}, []string{"expected"}, "canary"},
		"audience":              {map[string]any{"aud": "api://other"}, []string{"expected " + endpoint + " or api://default", "found api://other"}, ""},
		"audience of two lines": {map[string]any{"aud": "canary\nx"}, []string{"expected " + endpoint}, "canary"},
		"many audiences":        {map[string]any{"aud": []string{"a", "b", "c", "canary"}}, []string{"found a, b, c, others"}, "canary"},
		"no audience":           {map[string]any{"aud": nil}, []string{"--token-clients"}, ""},
		"subject":               {map[string]any{"sub": 7}, []string{"the claim sub"}, ""},
		"scope":                 {map[string]any{"scope": 7}, []string{"the claim scope"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Verify(t.Context(), w.issuer.Sign(w.claims(tc.changes)), endpoint)
			refused, ok := errors.AsType[*token.InvalidError](err)
			if !ok {
				t.Fatal(err)
			}
			told := refused.LogReason()
			for _, want := range append(tc.has, string(refused.Reason)) {
				if !strings.Contains(told, want) {
					t.Errorf("%q lacks %q", told, want)
				}
			}
			if tc.hasNot != "" && strings.Contains(told, tc.hasNot) {
				t.Errorf("%q has %q", told, tc.hasNot)
			}
			if strings.Contains(fault.Of(err).Public, "expected") {
				t.Errorf("%q is for operators", fault.Of(err).Public)
			}
		})
	}
}

type explained struct{}

func (explained) Error() string     { return "identity: explained" }
func (explained) LogReason() string { return "no rule of --allow-signin fits" }

func TestDeniedErrorSaysWhatTheRulesSaid(t *testing.T) {
	for _, why := range []error{explained{}, errNoTexter} {
		w := newWorld(t, func(o *token.ExternalOptions) { o.Allow = func(map[string]any) error { return why } })
		_, err := w.Verify(t.Context(), w.good(), endpoint)
		denied, ok := errors.AsType[*token.DeniedError](err)
		if !ok || !errors.Is(err, why) || strings.Contains(fault.Of(err).Public, "rule") {
			t.Fatalf("%v", err)
		}
		if told := denied.LogReason(); errors.Is(why, explained{}) != strings.Contains(told, "--allow-signin") {
			t.Errorf("%q", told)
		}
	}
}

func TestUnusableAlgorithmsHaveReasonsOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	body := payload(t, w.claims(nil))
	for alg, want := range map[string]token.Reason{
		"none": token.ReasonUnsigned, "HS256": token.ReasonSymmetric, "HS384": token.ReasonSymmetric, "HS512": token.ReasonSymmetric,
		"hs256": token.ReasonAlgorithm, "RSA-OAEP": token.ReasonAlgorithm, "Ed448": token.ReasonAlgorithm, string(jose.ES256) + " ": token.ReasonAlgorithm,
	} {
		w.refuses(t, tokentest.Forge(`{"alg":"`+alg+`","kid":"key-1"}`, body, []byte("x")), want)
	}
}

package token_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

func TestRefusesHostileClaims(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		changes map[string]any
		want    token.Reason
	}{
		"no issuer":               {map[string]any{"iss": nil}, token.ReasonIssuer},
		"another issuer":          {map[string]any{"iss": "https://evil.example.net"}, token.ReasonIssuer},
		"issuer with a slash":     {map[string]any{"iss": w.issuer.URL + "/"}, token.ReasonIssuer},
		"issuer an array":         {map[string]any{"iss": []string{w.issuer.URL}}, token.ReasonIssuer},
		"no subject":              {map[string]any{"sub": nil}, token.ReasonSubject},
		"empty subject":           {map[string]any{"sub": ""}, token.ReasonSubject},
		"subject a number":        {map[string]any{"sub": 7}, token.ReasonSubject},
		"subject too long":        {map[string]any{"sub": strings.Repeat("x", 256)}, token.ReasonSubject},
		"subject with a NUL":      {map[string]any{"sub": "ann\x00"}, token.ReasonSubject},
		"subject of two lines":    {map[string]any{"sub": "ann\nbob"}, token.ReasonSubject},
		"no audience":             {map[string]any{"aud": nil}, token.ReasonNoAudience},
		"audience a number":       {map[string]any{"aud": 1}, token.ReasonAudience},
		"audience an object":      {map[string]any{"aud": map[string]any{endpoint: true}}, token.ReasonAudience},
		"audience partly numbers": {map[string]any{"aud": []any{endpoint, 1}}, token.ReasonAudience},
		"no expiry":               {map[string]any{"exp": nil}, token.ReasonClaims},
		"scope a number":          {map[string]any{"scope": 1}, token.ReasonScope},
		"scope partly numbers":    {map[string]any{"scope": []any{"a", 1}}, token.ReasonScope},
		"scope a list of objects": {map[string]any{"scope": []any{map[string]any{"name": "a"}}}, token.ReasonScope},
		"audience null":           {map[string]any{"aud": json.RawMessage("null")}, token.ReasonAudience},
		"deeply nested":           {map[string]any{"x": json.RawMessage(strings.Repeat("[", 40) + strings.Repeat("]", 40))}, token.ReasonClaims},
		"bound to a key":          {map[string]any{"cnf": map[string]any{"jkt": "x"}}, token.ReasonBound},
		"future nbf":              {map[string]any{"nbf": w.Now().Add(31 * time.Second).Unix()}, token.ReasonNotYet},
		"future iat":              {map[string]any{"iat": w.Now().Add(31 * time.Second).Unix()}, token.ReasonNotYet},
		"expired":                 {map[string]any{"exp": w.Now().Add(-30 * time.Second).Unix()}, token.ReasonExpired},
	} {
		t.Run(name, func(t *testing.T) {
			w.refuses(t, w.issuer.Sign(w.claims(tc.changes)), tc.want)
		})
	}
}

func TestTakesUnusualButLegalClaims(t *testing.T) {
	w := newWorld(t)
	for name, changes := range map[string]map[string]any{
		"expired within the leeway":     {"exp": w.Now().Add(-29 * time.Second).Unix()},
		"nbf within the leeway":         {"nbf": w.Now().Add(30 * time.Second).Unix()},
		"dates with a fraction":         {"exp": float64(w.Now().Unix()) + 60.5, "iat": float64(w.Now().Unix()) - 0.25},
		"iat as text":                   {"iat": fmt.Sprint(w.Now().Unix())},
		"dates as text":                 {"iat": fmt.Sprint(w.Now().Unix()), "nbf": fmt.Sprint(w.Now().Unix()), "exp": fmt.Sprint(w.Now().Add(time.Minute).Unix())},
		"no iat":                        {"iat": nil},
		"no client":                     {"client_id": nil},
		"client a number":               {"client_id": 5},
		"scope null":                    {"scope": nil},
		"a subject of 255 bytes":        {"sub": strings.Repeat("x", 255)},
		"a subject in another script":   {"sub": "Анна"},
		"claims that nobody here knows": {"roles": []any{1, nil, map[string]any{}}},
	} {
		t.Run(name, func(t *testing.T) { w.accepts(t, w.issuer.Sign(w.claims(changes))) })
	}
}

// Dates as bytes, since a marshaller would tidy them up.
func TestRefusesHostileDates(t *testing.T) {
	w := newWorld(t)
	for _, value := range []string{
		"-1", "-1e300", "1e400", "9223372036854775808", "253402300800", "1e99", `""`, `"1e9"`, `"-1"`, `"+1"`, `" 1795000000"`, `"1795000000.5"`, `"0x6AF"`, `"99999999999999999999"`, `"Monday"`, `"\u00b2"`, "true", "null", "[1]", "{}",
	} {
		for _, claim := range []string{"exp", "nbf", "iat"} {
			t.Run(claim+"="+value, func(t *testing.T) {
				dates := fmt.Sprintf(`"exp":%d`, w.Now().Add(time.Minute).Unix())
				if claim == "exp" {
					dates = `"iat":1`
				}
				body := fmt.Sprintf(`{"iss":%q,"sub":"ann","aud":%q,%s,%q:%s}`, w.issuer.URL, endpoint, dates, claim, value)
				w.refuses(t, w.issuer.Key().SignPayload(t, []byte(body)), token.ReasonClaims)
			})
		}
	}
}

func TestRefusesAmbiguousPayloads(t *testing.T) {
	w := newWorld(t)
	rest := fmt.Sprintf(`"iss":%q,"aud":%q,"exp":%d}`, w.issuer.URL, endpoint, w.Now().Add(time.Minute).Unix())
	w.accepts(t, w.issuer.Key().SignPayload(t, []byte(`{"sub":"ann",`+rest)))
	for name, tc := range map[string]struct {
		body string
		want token.Reason
	}{
		"duplicate subject":            {`{"sub":"ann","sub":"bob",` + rest, token.ReasonClaims},
		"duplicate in another form":    {`{"sub":"ann","\u0073ub":"bob",` + rest, token.ReasonClaims},
		"another case is another name": {`{"SUB":"ann",` + rest, token.ReasonSubject},
		"broken UTF-8":                 {"{\"sub\":\"ann\xff\"," + rest, token.ReasonClaims},
		"a lone surrogate":             {`{"sub":"ann\ud800",` + rest, token.ReasonSubject},
		"something behind":             {`{"sub":"ann",` + rest + `{}`, token.ReasonClaims},
		"an array":                     {`[{"sub":"ann",` + rest + `]`, token.ReasonClaims},
		"null":                         {`null`, token.ReasonClaims},
		"a string":                     {`"ann"`, token.ReasonClaims},
		"no JSON":                      {`ann`, token.ReasonClaims},
	} {
		t.Run(name, func(t *testing.T) {
			w.refuses(t, w.issuer.Key().SignPayload(t, []byte(tc.body)), tc.want)
		})
	}
}

func TestErrorsRepeatNothingOfAToken(t *testing.T) {
	w := newWorld(t)
	for _, changes := range []map[string]any{
		{"iss": "https://canary.example.net"}, {"sub": 7}, {"exp": "canary"}, {"aud": "canary"}, {"scope": []any{map[string]any{"canary": 1}}},
	} {
		raw := w.issuer.Sign(w.claims(changes))
		_, err := w.Verify(t.Context(), raw, endpoint)
		if err == nil {
			t.Fatalf("%v is accepted", changes)
		}
		if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), raw[:20]) || strings.ContainsAny(err.Error(), `"\`) {
			t.Errorf("%v", err)
		}
	}
}

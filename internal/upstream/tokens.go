package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// tokens is an answer of the token endpoint (RFC 6749 §5.1).
type tokens struct {
	Access    string  `json:"access_token"`
	Type      string  `json:"token_type"`
	Refresh   string  `json:"refresh_token"`
	IDToken   string  `json:"id_token"`
	ExpiresIn seconds `json:"expires_in"`
}

// seconds is a number that some providers write as a string. Whatever else it is counts as not
// said.
type seconds int64

// UnmarshalJSON takes any JSON.
func (s *seconds) UnmarshalJSON(b []byte) error {
	var n float64
	if json.Unmarshal([]byte(strings.Trim(string(b), `"`)), &n) == nil && n > 0 && n <= math.MaxInt32 {
		*s = seconds(n)
	}
	return nil
}

// post asks a token endpoint once, without repeating.
func (c tokenClient) post(ctx context.Context, address, method string, form url.Values) (*tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	if method != AuthBasic {
		form.Set("client_id", c.id)
	}
	if method == AuthPost {
		form.Set("client_secret", c.secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: no usable token endpoint", ErrUnavailable)
	}
	req.GetBody = nil // the transport must not send it a second time
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if method == AuthBasic { // RFC 6749 §2.3.1; a server that does not decode them needs AuthPost
		req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	}
	answer, err := netx.Do(c.http, req)
	switch {
	case err != nil && answer != nil:
		return nil, &unknownError{reason: "token_endpoint_broke_off", status: answer.Status, temporary: true}
	case err != nil:
		e := unreachable("token_endpoint", address, setting.OIDCIssuer, err)
		e.reason = "token_endpoint_unreachable"
		return nil, e
	}
	got, err := parseTokens(answer.Status, answer.Body)
	if (errors.Is(err, errInvalidGrant) || errors.Is(err, errInvalidRequest)) && !isJSON(answer.Header) {
		return nil, statusError("token_endpoint_content_type", answer.Status) // RFC 6749 §5.2: not from a token endpoint
	}
	return got, err
}

// invalidClient is the one answer after which another method may be tried (RFC 6749 §5.2).
const invalidClient = "invalid_client"

// parseTokens reads an answer of a token endpoint.
func parseTokens(status int, body []byte) (*tokens, error) {
	if status == http.StatusTooManyRequests || status >= 500 {
		return nil, statusError("token_endpoint_status", status)
	}
	var answer struct {
		tokens
		Error       string `json:"error"`
		Description any    `json:"error_description"`
	}
	err := netx.DecodeJSON(body, &answer)
	description, _ := answer.Description.(string)
	switch {
	case err == nil && answer.Error == "invalid_grant" && status >= 400:
		return nil, errInvalidGrant
	case err == nil && answer.Error == "invalid_request" && status >= 400 && status < 500:
		return nil, errInvalidRequest
	case err == nil && (answer.Error == "temporarily_unavailable" || answer.Error == "server_error"):
		return nil, &unknownError{reason: "token_endpoint_failure", status: status, temporary: true, detail: saidError(answer.Error, description)}
	case err == nil && aboutUs[answer.Error] != "":
		e := statusError(answer.Error, status)
		e.act, e.detail = true, aboutUs[answer.Error]
		return nil, e
	case status != http.StatusOK || err != nil || answer.Error != "":
		e := statusError("token_endpoint_no_tokens", status)
		if e.act = !e.temporary; err == nil && answer.Error != "" {
			e.detail = saidError(answer.Error, description)
		}
		return nil, e
	case answer.Access == "" || !strings.EqualFold(answer.Type, "bearer") && answer.Type != "":
		e := statusError("token_endpoint_no_bearer_token", status)
		e.act = true
		return nil, e
	}
	return &answer.tokens, nil
}

// aboutUs are errors of RFC 6749 §5.2 that speak of the gateway and of nobody who signed in, and
// what to do about them. Only such known words go into a reason.
var aboutUs = map[string]string{
	invalidClient:            "the provider does not take the client",
	"unauthorized_client":    "the provider does not let this client use this grant type: allow it there for the client of " + setting.OIDCClientID,
	"invalid_scope":          "the provider does not give the client a scope of " + setting.OIDCScopes,
	"unsupported_grant_type": "the provider does not have this grant type, or has it switched off for the client",
}

// isJSON reports whether an answer says that it is JSON.
func isJSON(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// expiry is when tokens got now end; the zero time if the provider did not say.
func (t *tokens) expiry(now time.Time) time.Time {
	if t.ExpiresIn <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(t.ExpiresIn) * time.Second)
}

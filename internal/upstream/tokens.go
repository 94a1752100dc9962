package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokens is an answer of the token endpoint (RFC 6749 §5.1).
type tokens struct {
	Access    string  `json:"access_token"`
	Type      string  `json:"token_type"`
	Refresh   string  `json:"refresh_token"`
	IDToken   string  `json:"id_token"`
	ExpiresIn seconds `json:"expires_in"`
}

// seconds is a number that some providers write as a string. Whatever else it is counts as not said.
type seconds int64

// UnmarshalJSON takes any JSON.
func (s *seconds) UnmarshalJSON(b []byte) error {
	var n float64
	if json.Unmarshal([]byte(strings.Trim(string(b), `"`)), &n) == nil && n > 0 && n <= math.MaxInt32 {
		*s = seconds(n)
	}
	return nil
}

// tokenClient is what the gateway is to a token endpoint.
type tokenClient struct {
	http       *http.Client
	id, secret string
}

// redeem asks a token endpoint once, without repeating: what is sent is good for one use. The methods are those by which
// clients may say who they are; none if the server did not tell. Errors are errInvalidGrant, errInvalidRequest,
// [ErrUnavailable] and others, none with a word of what was sent or answered.
func (c tokenClient) redeem(ctx context.Context, address string, methods []string, form url.Values) (*tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	basic := c.secret != "" && (len(methods) == 0 || slices.Contains(methods, "client_secret_basic"))
	if !basic {
		form.Set("client_id", c.id)
		if c.secret != "" {
			form.Set("client_secret", c.secret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: no usable token endpoint", ErrUnavailable)
	}
	req.GetBody = nil // the transport must not send it a second time
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if basic { // RFC 6749 §2.3.1
		req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &unknownError{reason: "token_endpoint_unreachable", temporary: true}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &unknownError{reason: "token_endpoint_broke_off", status: resp.StatusCode, temporary: true}
	}
	got, err := parseTokens(resp.StatusCode, body)
	if (errors.Is(err, errInvalidGrant) || errors.Is(err, errInvalidRequest)) && !isJSON(resp.Header) {
		return nil, statusError("token_endpoint_content_type", resp.StatusCode) // RFC 6749 §5.2: not from a token endpoint
	}
	return got, err
}

// parseTokens reads an answer of a token endpoint.
func parseTokens(status int, body []byte) (*tokens, error) {
	if status == http.StatusTooManyRequests || status >= 500 {
		return nil, statusError("token_endpoint_status", status)
	}
	var answer struct {
		tokens
		Error string `json:"error"`
	}
	err := json.Unmarshal(body, &answer)
	switch {
	case err == nil && answer.Error == "invalid_grant" && status >= 400:
		return nil, errInvalidGrant
	case err == nil && answer.Error == "invalid_request" && status >= 400 && status < 500:
		return nil, errInvalidRequest
	case err == nil && (answer.Error == "temporarily_unavailable" || answer.Error == "server_error"):
		return nil, &unknownError{reason: "token_endpoint_failure", status: status, temporary: true}
	case err == nil && slices.Contains(aboutUs, answer.Error):
		return nil, statusError(answer.Error, status)
	case status != http.StatusOK || err != nil || answer.Error != "":
		return nil, statusError("token_endpoint_no_tokens", status)
	case answer.Access == "" || !strings.EqualFold(answer.Type, "bearer") && answer.Type != "":
		return nil, statusError("token_endpoint_no_bearer_token", status)
	}
	return &answer.tokens, nil
}

// aboutUs are errors of RFC 6749 §5.2 that speak of the gateway and of nobody who signed in. Only such known words go into
// a reason.
var aboutUs = []string{"invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"}

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

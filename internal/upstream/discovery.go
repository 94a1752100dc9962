package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

const wellKnown = "/.well-known/openid-configuration"

// decode reads JSON, also behind the byte order mark that some servers write, which RFC 8259 §8.1 lets a reader ignore.
func decode(body []byte, v any) error {
	return json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), v)
}

// fetch gets what a server publishes, such as its metadata or its keys. Its errors begin with what, say which of the many
// things is wrong, and are each an [ErrUnavailable].
func fetch(ctx context.Context, client *http.Client, what, setting, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &unknownError{reason: what + "_address", detail: "no usable URL; is " + setting + " right?", temporary: true, act: true}
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, unreachable(what, address, setting, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, unreachable(what, address, setting, err)
	case resp.StatusCode != http.StatusOK:
		e := statusError(what+"_status", resp.StatusCode)
		e.act, e.temporary = !e.temporary, true
		if e.detail = "asked at " + shownURL(address); e.act {
			e.detail = "nothing at " + shownURL(address) + "; is " + setting + " right?"
		}
		return nil, e
	}
	return body, nil
}

// causes say what to do about a request without an answer. Those that pass by themselves are the others.
var causes = map[string]string{
	"dns": "its name does not resolve here", "tls": "its certificate is not accepted, or it does not speak TLS there",
	"proxy": "the proxy of HTTPS_PROXY does not let it through", "too_large": "the answer is too large",
}

// unreachable is a request without an answer. The cause itself is not told: it quotes the URL, or what was answered.
func unreachable(what, address, setting string, err error) *unknownError {
	cause := netx.Cause(err)
	e := &unknownError{reason: what + "_" + cause, temporary: true, detail: "asked at " + shownURL(address)}
	if cause == "network" {
		e.reason = what + "_unreachable"
	}
	var dns *net.DNSError
	if advice, known := causes[cause]; known && (!errors.As(err, &dns) || dns.IsNotFound) {
		e.act, e.detail = true, e.detail+", "+advice+"; see "+setting
	}
	return e
}

// shownURL is an address as a log may have it: without what may be a secret.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is not a URL"
	}
	return saidIssuer((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

// anotherIssuer says what is wrong with metadata of another issuer than the one expected (OpenID Connect Discovery §4.3).
func anotherIssuer(setting, expected, found string) *unknownError {
	e := &unknownError{reason: "metadata_of_another_issuer", temporary: true, act: true}
	e.detail = "expected " + saidIssuer(expected) + ", found " + saidIssuer(found)
	switch {
	case found == "":
		e.detail = "it names no issuer; expected " + saidIssuer(expected)
	case strings.TrimRight(found, "/") == strings.TrimRight(expected, "/"):
		e.detail += ": only a slash at the end differs; set " + setting + " to what was found"
	case saidIssuer(found) == found:
		e.detail += ": set " + setting + " to what was found, if that is the provider; if the provider only has another address from " +
			"inside, set --oidc-backchannel-url (OIDC_BACKCHANNEL_URL)"
	}
	return e
}

// withoutEndpoint says that metadata does not name an endpoint that can be used.
func withoutEndpoint(name, address string) *unknownError {
	e := &unknownError{reason: "metadata_without_an_https_endpoint", temporary: true, act: true, detail: name + " is missing"}
	if address != "" {
		e.detail = name + " is not an https URL"
	}
	return e
}

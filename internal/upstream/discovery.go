package upstream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// unpublished is what is wrong with an answer that is not what a server publishes, or with none:
// err is its error. It begins with what, says which of the many things is wrong, and is an
// [ErrUnavailable].
func unpublished(what, setting, address string, status int, err error) *unknownError {
	if err != nil {
		if netx.Cause(err) == "invalid_url" {
			return &unknownError{reason: what + "_address", detail: "no usable URL; is " + setting + " right?", temporary: true, act: true}
		}
		return unreachable(what, address, setting, err)
	}
	e := statusError(what+"_status", status)
	e.act, e.temporary = !e.temporary, true
	if e.detail = "asked at " + netx.ShownURL(address); e.act {
		e.detail = "nothing at " + netx.ShownURL(address) + "; is " + setting + " right?"
	}
	return e
}

// fetchKeys gets a JWK set. Its errors are those of unpublished.
func fetchKeys(ctx context.Context, client *http.Client, setting, address string) ([]byte, error) {
	got, err := netx.Get(ctx, client, address)
	if err != nil {
		return nil, unpublished("keys", setting, address, 0, err)
	}
	if got.Status != http.StatusOK {
		return nil, unpublished("keys", setting, address, got.Status, nil)
	}
	return got.Body, nil
}

// withoutMetadata says which setting is wrong where there is no metadata of an issuer.
func withoutMetadata(setting, issuer string, err error) *unknownError {
	e, ok := errors.AsType[*netx.MetadataError](err)
	switch {
	case !ok:
		e, _ := errors.AsType[*unknownError](err)
		return e
	case e.Err != nil || e.Status != http.StatusOK:
		return unpublished("metadata", setting, e.Address, e.Status, e.Err)
	case e.NotJSON:
		return &unknownError{
			reason: "metadata_not_json", temporary: true, act: true,
			detail: "what " + netx.ShownURL(e.Address) + " answers is not a provider's metadata; is " + setting + " right?",
		}
	}
	return anotherIssuer(setting, issuer, e.Issuer)
}

// causes say what to do about a request without an answer. Those that pass by themselves are the
// others.
var causes = map[string]string{
	"dns": "its name does not resolve here", "tls": "its certificate is not accepted, or it does not speak TLS there",
	"proxy": "the proxy of HTTPS_PROXY does not let it through", "too_large": "the answer is too large",
}

// unreachable is a request without an answer. The cause itself is not told: it quotes the URL, or
// what was answered.
func unreachable(what, address, setting string, err error) *unknownError {
	cause := netx.Cause(err)
	e := &unknownError{reason: what + "_" + cause, temporary: true, detail: "asked at " + netx.ShownURL(address)}
	if cause == "network" {
		e.reason = what + "_unreachable"
	}
	var dns *net.DNSError
	if advice, known := causes[cause]; known && (!errors.As(err, &dns) || dns.IsNotFound) {
		e.act, e.detail = true, e.detail+", "+advice+"; see "+setting
	}
	return e
}

// anotherIssuer says what is wrong with metadata of another issuer than the one expected (OpenID
// Connect Discovery §4.3).
func anotherIssuer(where, expected, found string) *unknownError {
	e := &unknownError{reason: "metadata_of_another_issuer", temporary: true, act: true}
	e.detail = "expected " + netx.ShownIssuer(expected) + ", found " + netx.ShownIssuer(found)
	switch {
	case found == "":
		e.detail = "it names no issuer; expected " + netx.ShownIssuer(expected)
	case strings.TrimRight(found, "/") == strings.TrimRight(expected, "/"):
		e.detail += ": only a slash at the end differs; set " + where + " to what was found"
	case netx.ShownIssuer(found) == found:
		e.detail += ": set " + where + " to what was found, if that is the provider; if the provider only has another address from " +
			"inside, set " + setting.OIDCBackchannel
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

package netx

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// This file is for operators who ask whether the servers of a configuration answer (gateway check --connect). What serves
// requests decides by its own code; here is found out in words why it fails.

// maxProbed is the largest document that a probe reads, in bytes.
const maxProbed = 1 << 20

// Finding is what a probe found wrong, in words for operators. It has no token, key or secret in it, and of what a server
// wrote nothing but its issuer.
type Finding struct {
	// Found is what is wrong, Change what to do about it.
	Found, Change string
}

func (f *Finding) Error() string { return f.Found + ": " + f.Change }

// CauseText says in a sentence what a word of [Cause] means.
func CauseText(cause string) string {
	switch cause {
	case "timeout":
		return "does not answer in time"
	case "dns":
		return "has a host name that does not resolve here"
	case "refused":
		return "refuses the connection: nothing listens there"
	case "tls":
		return "has a certificate that is not trusted here, or does not speak TLS"
	case "proxy":
		return "is not let through by the proxy"
	case "not_public":
		return "has an address that is not public"
	case "too_large":
		return "answers more than is read of it"
	}
	return "breaks the connection"
}

// changeFor is what an operator can do about a cause.
func changeFor(cause, setting string) string {
	switch cause {
	case "tls":
		return "let this machine trust its certificate authority, such as with SSL_CERT_FILE, or correct " + setting
	case "proxy":
		return "let the proxy of HTTPS_PROXY pass it, or list the host in NO_PROXY"
	}
	return "check " + setting + ", the names that this machine resolves, its firewall, and HTTPS_PROXY if it needs a proxy"
}

// Look gets what a server publishes. what names it, setting is the one that says where it is. Every error is a [*Finding].
func Look(ctx context.Context, client *http.Client, what, address, setting string) ([]byte, error) {
	finding := func(change, format string, args ...any) error {
		return &Finding{Found: what + " at " + ShownURL(address) + " " + fmt.Sprintf(format, args...), Change: change}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, finding("correct "+setting, "has no usable URL")
	}
	req.Header.Set("Accept", "application/json")
	got, err := getWhole(client, req, maxProbed)
	if err != nil {
		cause := Cause(err)
		if ctx.Err() != nil {
			cause = "timeout"
		}
		return nil, finding(changeFor(cause, setting), "%s", CauseText(cause))
	}
	switch {
	case got.Status == http.StatusOK:
		return got.Body, nil
	case got.Status >= http.StatusInternalServerError, got.Status == http.StatusTooManyRequests:
		return nil, finding("try again when that server works", "answers %d", got.Status)
	}
	return nil, finding("correct "+setting+": nothing is published there", "answers %d", got.Status)
}

// LookAtMetadata gets where the keys of an issuer are by the metadata at an address, which may call it by any of some names. Every
// error is a [*Finding].
func LookAtMetadata(ctx context.Context, client *http.Client, address, setting string, issuers ...string) (keysURL string, err error) {
	const what = "the metadata"
	data, err := Look(ctx, client, what, address, setting)
	if err != nil {
		return "", err
	}
	var m struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	at := what + " at " + ShownURL(address)
	switch err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &m); {
	case err != nil:
		return "", &Finding{Found: at + " is not JSON", Change: "correct " + setting}
	case m.Issuer == "":
		return "", &Finding{Found: at + " names no issuer", Change: "correct " + setting}
	case !slices.Contains(issuers, m.Issuer):
		return "", &Finding{
			Found:  at + " is of the issuer " + shownIssuer(m.Issuer) + ", not of " + shownIssuer(issuers[0]),
			Change: "set " + setting + " to what was found, to the letter, if that is the one you mean",
		}
	}
	return m.KeysURL, nil
}

// ShownURL is a URL without what may be secret: user, query and fragment.
func ShownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an address that is not a URL"
	}
	return shownIssuer((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String())
}

// shownIssuer is an issuer as a terminal may have it, since somebody else wrote it.
func shownIssuer(issuer string) string {
	const longest = 200
	u, err := url.Parse(issuer)
	if err != nil || len(issuer) > longest || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsFunc(issuer, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "something that is not the URL of an issuer"
	}
	return issuer
}

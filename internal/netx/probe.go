package netx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// This file is for operators who ask whether the servers of a configuration answer (gateway check
// --connect). What serves requests decides by its own code; here is found out in words why it
// fails.

// Finding is what a probe found wrong, in words for operators. It has no token, key or secret in
// it, and of what a server wrote nothing but its issuer.
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

// Look gets what a server publishes. what names it, setting is the one that says where it is. Every
// error is a [*Finding].
func Look(ctx context.Context, client *http.Client, what, address, setting string) ([]byte, error) {
	got, err := Get(ctx, client, address)
	if err == nil && got.Status == http.StatusOK {
		return got.Body, nil
	}
	status := 0
	if err == nil {
		status = got.Status
	}
	return nil, notPublished(ctx, what, address, setting, status, err)
}

// notPublished is the finding of an answer that is not what was looked for, or of none.
func notPublished(ctx context.Context, what, address, setting string, status int, err error) *Finding {
	at := what + " at " + ShownURL(address) + " "
	switch cause := Cause(err); {
	case err != nil && ctx.Err() != nil:
		return &Finding{Found: at + CauseText("timeout"), Change: changeFor("timeout", setting)}
	case err != nil:
		return &Finding{Found: at + CauseText(cause), Change: changeFor(cause, setting)}
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return &Finding{Found: at + fmt.Sprintf("answers %d", status), Change: "try again when that server works"}
	}
	return &Finding{Found: at + fmt.Sprintf("answers %d", status), Change: "correct " + setting + ": nothing is published there"}
}

// LookForKeys gets where the keys of an issuer are by its metadata, which may call it by any of
// some names. Every error is a [*Finding], of the place that OpenID Connect has for it, where most
// servers have it.
func LookForKeys(ctx context.Context, client *http.Client, issuer, setting string, issuers ...string) (keysURL string, err error) {
	m, problems := Discover(ctx, client, issuer, issuers, func(string, *Metadata) error { return nil })
	if m != nil {
		return m.KeysURL, nil
	}
	e := &MetadataError{Err: &FetchError{Cause: "invalid_url"}}
	if len(problems) > 0 {
		errors.As(problems[len(problems)-1], &e)
	}
	const what = "the metadata"
	at := what + " at " + ShownURL(e.Address)
	switch {
	case e.Err != nil, e.Status != http.StatusOK:
		return "", notPublished(ctx, what, e.Address, setting, e.Status, e.Err)
	case e.NotJSON:
		return "", &Finding{Found: at + " is not JSON", Change: "correct " + setting}
	case e.Issuer == "":
		return "", &Finding{Found: at + " names no issuer", Change: "correct " + setting}
	}
	return "", &Finding{
		Found:  at + " is of the issuer " + ShownIssuer(e.Issuer) + ", not of " + ShownIssuer(issuers[0]),
		Change: "set " + setting + " to what was found, to the letter, if that is the one you mean",
	}
}

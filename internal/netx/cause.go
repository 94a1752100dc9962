package netx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"syscall"

	"code.dny.dev/ssrf"
)

// Cause is the word for why a request has no answer: timeout, dns, refused, tls, proxy, not_public,
// too_large, network. It has nothing of the URL, the proxy or the answer in it.
func Cause(err error) string {
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	if e, ok := errors.AsType[*FetchError](err); ok {
		return e.Cause
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		return "too_large"
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrProhibitedPort):
		return "not_public"
	case errors.Is(err, errProxyRefused), errors.Is(err, errNoProxy), errors.As(err, &op) && op.Op == "proxyconnect":
		return "proxy"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case isA[*net.DNSError](err):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case isA[*tls.CertificateVerificationError](err), isA[x509.UnknownAuthorityError](err), isA[x509.HostnameError](err),
		isA[tls.RecordHeaderError](err), isA[tls.AlertError](err), errors.Is(err, http.ErrSchemeMismatch):
		return "tls"
	}
	return "network"
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

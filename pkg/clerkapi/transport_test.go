package clerkapi_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// serveTLS starts an API with HTTP/2 and returns a client with the default transport that trusts
// it.
func serveTLS(t *testing.T, h http.HandlerFunc) *clerkapi.Client {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := clerkapi.NewTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	client := newClient(t, clerkapi.Options{BaseURL: server.URL, Transport: transport})
	t.Cleanup(client.CloseIdleConnections)
	return client.As(clerkapi.APIKey("key-of-ann"))
}

func TestHTTP2IsSpokenWhereTheServerDoes(t *testing.T) {
	t.Parallel()
	var proto string
	client := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		proto = r.Proto
		_, _ = io.WriteString(w, messageJSON)
	})
	if _, err := calls["Messages.Send"](t.Context(), client); err != nil || proto != "HTTP/2.0" {
		t.Errorf("protocol is %q, error %v", proto, err)
	}
}

// A connection of HTTP/2 is used over and over: getting it is reported by other code than for a new
// one.
func TestBrokenSendOnAUsedHTTP2ConnectionIsUnknown(t *testing.T) {
	t.Parallel()
	requests := 0
	client := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests++; requests > 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, messageJSON)
	})
	if _, err := calls["Messages.Send"](t.Context(), client); err != nil {
		t.Fatal(err)
	}
	_, err := calls["Messages.Send"](t.Context(), client)
	if e := asError(t, err, clerkapi.ErrInterrupted); e.Outcome != clerkapi.Unknown || requests != 2 {
		t.Errorf("error is %+v after %d requests, want unknown and no repetition", e, requests)
	}
}

func TestAServerThatIsNotTrustedIsUnreachableAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request was sent")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := newClient(t, clerkapi.Options{BaseURL: server.URL}).As(clerkapi.APIKey("k"))
	resp, err := calls["Messages.Send"](t.Context(), client)
	if e := asError(t, err, clerkapi.ErrUnreachable); e.Outcome != clerkapi.NotDone || resp.Attempts != 1 {
		t.Errorf("error is %+v after %d attempts, want one", e, resp.Attempts)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	if v := clerkapi.NewTransport().TLSClientConfig.MinVersion; v != tls.VersionTLS12 {
		t.Errorf("the oldest version is %x", v)
	}
}

func TestClientsDoNotShareTheirDefaultTransport(t *testing.T) {
	t.Parallel()
	if one, other := clerkapi.NewTransport(), clerkapi.NewTransport(); one == other {
		t.Error("the transport is state of the package")
	}
}

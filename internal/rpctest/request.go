package rpctest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Request is an HTTP request with a raw body. It has no header but those that it names.
type Request struct {
	Method string
	// URL is absolute, or a path for a handler.
	URL, Body string
	// Header has names and values in turn. A later one replaces an earlier one of that name, ""
	// removes it. Host is not sent as a header but says what host the request is for.
	Header []string
	// Keep is how much of the answer's body is kept. 0 is all.
	Keep int64
}

// Post is a POST of JSON whose sender takes JSON and event streams, as MCP asks for. The headers
// may change that.
func Post(url, body string, header ...string) Request {
	usual := []string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}
	return Request{Method: http.MethodPost, URL: url, Body: body, Header: append(usual, header...)}
}

// HTTP is the request for a client.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	r.head(req)
	return req, nil
}

// Incoming is the request as it comes to a handler.
func (r Request) Incoming(ctx context.Context) *http.Request {
	req := httptest.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(r.Body))
	r.head(req)
	return req
}

func (r Request) head(req *http.Request) {
	for i := 0; i+1 < len(r.Header); i += 2 {
		switch name, value := r.Header[i], r.Header[i+1]; {
		case http.CanonicalHeaderKey(name) == "Host":
			req.Host = value
		case value == "":
			req.Header.Del(name)
		default:
			req.Header.Set(name, value)
		}
	}
}

// Send makes the request and reads the answer to its end. Where the body breaks off, the answer has
// what came of it.
func (r Request) Send(ctx context.Context, client *http.Client) (Answer, error) {
	req, err := r.HTTP(ctx)
	if err != nil {
		return Answer{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	body := io.Reader(resp.Body)
	if r.Keep > 0 {
		body = io.LimitReader(body, r.Keep)
	}
	kept, err := io.ReadAll(body)
	a.Body, a.Length = string(kept), int64(len(kept))
	if err == nil && r.Keep > 0 {
		var rest int64
		rest, err = io.Copy(io.Discard, resp.Body)
		a.Length += rest
	}
	return a, err
}

// Do makes the request with the default client, and ends the test unless it is answered.
func (r Request) Do(t testing.TB) Answer {
	t.Helper()
	return r.By(t, http.DefaultClient)
}

// By is like Do with another client.
func (r Request) By(t testing.TB, client *http.Client) Answer {
	t.Helper()
	a, err := r.Send(t.Context(), client)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return a
}

// Serve hands the request to a handler in this process.
func (r Request) Serve(ctx context.Context, h http.Handler) Answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.Incoming(ctx))
	return Answer{Status: w.Code, Header: w.Header(), Body: w.Body.String(), Length: int64(w.Body.Len())}
}

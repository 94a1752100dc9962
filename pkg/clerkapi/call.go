package clerkapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// request is what a method wants sent.
type request struct {
	id    ID // for a path with {id}
	query url.Values
	body  any // sent as JSON; nil for none
}

// call is one call of a method. It is also the [http.RoundTripper] of its own attempts, which lets
// it see each attempt as a whole, answer and connection included; the connections belong to the
// shared transport. The transport's CloseIdleConnections stays hidden behind it: retryablehttp
// would use it at every call that fails.
type call struct {
	core       *core
	op         operation
	credential Credential
	parent     context.Context // as the caller gave it

	attempts int
	last     attempt
	// uncertain: an attempt before the last one may have taken effect.
	uncertain bool
	// wait before the next attempt, as decided by checkRetry.
	wait time.Duration
	// large: this is one of the calls with a large answer.
	large bool
	giveUp
}

// do makes the request and decodes a 2xx answer into out, unless that is nil.
func (u *user) do(ctx context.Context, op operation, r request, out any) (resp *Response, err error) {
	c := &call{core: u.core, op: op, credential: u.credential, parent: ctx, giveUp: giveUp{given: u.given}}
	if err := u.credential.check(); err != nil {
		return nil, &Error{Operation: op.id, Reason: err.reason, Message: err.message}
	}
	ctx, cancel := context.WithTimeout(ctx, u.core.timeout)
	defer cancel()
	ctx, stop := c.watch(ctx)
	defer stop()
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	key := circuitKey{u.credential, op.id}
	if wait := u.core.circuits.enter(key); wait > 0 {
		return nil, &Error{Operation: op.id, Reason: ErrPaused, RetryAfter: wait}
	}
	defer func() { u.core.circuits.leave(key, err, c.parent.Err() != nil || c.brokeOff(ctx)) }()
	defer c.leaveLarge()
	return c.send(ctx, req, out)
}

// send makes the attempts.
func (c *call) send(ctx context.Context, req *retryablehttp.Request, out any) (*Response, error) {
	// The client is a value of this call, since its hooks see neither the request nor the context
	// of an attempt that failed. Nothing in it is costly.
	client := retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: c,
			// Go would carry the credential to wherever a redirect points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:   c.core.maxAttempts - 1,
		CheckRetry: c.checkRetry,
		Backoff:    c.backoff,
	}
	resp, err := client.Do(req)
	if resp != nil {
		// What there is to read was read by RoundTrip.
		_ = resp.Body.Close()
	}
	return c.finish(ctx, err, out)
}

func (c *call) request(ctx context.Context, r request) (*retryablehttp.Request, error) {
	u := *c.core.base
	path, rawPath := c.op.path, c.op.path
	if strings.Contains(path, "{id}") {
		if !r.id.isSegment() {
			return nil, c.invalid("the id is empty or leads to another path: give the one that the API returned", nil)
		}
		path = strings.ReplaceAll(path, "{id}", string(r.id))
		rawPath = strings.ReplaceAll(rawPath, "{id}", url.PathEscape(string(r.id)))
	}
	u.Path += path
	u.RawPath += rawPath
	u.RawQuery = r.query.Encode()

	header := http.Header{"Accept": {"application/json"}, "User-Agent": {c.core.userAgent}}
	c.credential.apply(header)
	req := &retryablehttp.Request{
		Request: (&http.Request{Method: c.op.method, URL: &u, Host: u.Host, Header: header}).WithContext(ctx),
	}
	if r.body == nil {
		return req, nil
	}
	payload, err := json.Marshal(r.body)
	if err != nil {
		return nil, c.invalid("the request cannot be written as JSON", err)
	}
	header.Set("Content-Type", "application/json")
	if err := req.SetBody(payload); err != nil {
		return nil, c.invalid("the request body cannot be read again", err)
	}
	return req, nil
}

func (c *call) invalid(message string, cause error) *Error {
	return &Error{Operation: c.op.id, Reason: ErrInvalid, Message: message, cause: cause}
}

// Answers are read up to these sizes. What the API says about an error fits into the first; 50
// messages of the greatest length, their media included, into the second.
const (
	maxErrorBody = 64 << 10
	maxBody      = 8 << 20
)

// An answer of more than largeBody bytes is read as one of largeAtOnce at most, since what is made
// of it takes several times its size. An ordinary page is below.
const (
	largeBody   = 512 << 10
	largeAtOnce = 4
)

// attempt is one HTTP request and what came of it.
type attempt struct {
	// sent: the API may have seen the request.
	sent   bool
	status int // 0: there was no answer
	header http.Header
	body   []byte
	// bodyErr: the body could not be read to its end.
	bodyErr error
	err     error
}

// RoundTrip makes one attempt and reads its answer.
func (c *call) RoundTrip(req *http.Request) (*http.Response, error) {
	c.uncertain = c.uncertain || c.last.uncertain()
	c.last = attempt{}
	c.setWaiting(false)
	resp, err := c.attempt(req)
	if err != nil {
		c.last.err = err
		return nil, err
	}
	return resp, nil
}

func (c *call) attempt(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	c.attempts++
	var trace connTrace
	resp, err := c.core.transport.RoundTrip(req.WithContext(trace.watch(req.Context())))
	if err != nil {
		c.last.sent = !trace.certainlyNotSent(err, c.core.traces)
		return nil, err
	}
	c.last.sent = true
	// The deadline reaches the body whatever the transport does about it: that of a 101 is the
	// connection itself, which net/http hands over for good.
	from, read := resp.Body, make(chan struct{})
	defer close(read)
	defer context.AfterFunc(req.Context(), func() { closeUnlessRead(from, read) })()
	body, err := c.readBody(req.Context(), resp)
	if late := req.Context().Err(); late != nil && err != nil && !errors.Is(err, errTooLong) {
		err = late // whoever of the two closed the body first
	}
	if err != nil && c.op.reads() && isSuccess(resp.StatusCode) && !errors.Is(err, errTooLong) {
		c.leaveLarge()
		return nil, err // an answer cut short is not an answer: a read can be made again
	}
	c.last.status, c.last.header, c.last.body, c.last.bodyErr = resp.StatusCode, resp.Header, body, err
	resp.Body = http.NoBody
	return resp, nil
}

// ownEnd is how long a transport has to end a body by itself once the deadline is over. net/http
// does it, and holds a lock meanwhile that closing the body would wait for.
const ownEnd = 100 * time.Millisecond

// closeUnlessRead closes a body whose transport lets the deadline pass.
func closeUnlessRead(body io.Closer, read <-chan struct{}) {
	timer := time.NewTimer(ownEnd)
	defer timer.Stop()
	select {
	case <-read:
	case <-timer.C:
		_ = body.Close()
	}
}

// readBody reads as much of an answer as anybody looks at, and closes it. Its deadline ends a wait
// too.
func (c *call) readBody(ctx context.Context, resp *http.Response) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 { // no final answer: what follows belongs to a protocol that nobody asked for (RFC 9110 §15.2.2)
		return nil, nil
	}
	limit := maxErrorBody
	if isSuccess(resp.StatusCode) {
		limit = maxBody
	}
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxErrorBody {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := io.Copy(&buf, io.LimitReader(resp.Body, min(int64(limit)+1, largeBody)))
	if err == nil && buf.Len() == largeBody && limit > largeBody {
		if err = c.enterLarge(ctx); err == nil {
			_, err = io.Copy(&buf, io.LimitReader(resp.Body, int64(limit)+1-largeBody))
		}
	}
	if buf.Len() > limit {
		return buf.Bytes()[:limit], errTooLong
	}
	return buf.Bytes(), err
}

// enterLarge waits until this may be one of the calls with a large answer.
func (c *call) enterLarge(ctx context.Context) error {
	if c.large {
		return nil
	}
	select {
	case c.core.large <- struct{}{}:
		c.large = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *call) leaveLarge() {
	if c.large {
		c.large = false
		<-c.core.large
	}
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

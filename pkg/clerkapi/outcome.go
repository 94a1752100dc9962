package clerkapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

var (
	errTooLong = errors.New("the answer is longer than this client reads")
	errNoData  = errors.New("the answer lacks what it must have")
)

// finish turns what the attempts came to into a response and an error. doErr is what retryablehttp
// returned.
func (c *call) finish(ctx context.Context, doErr error, out any) (*Response, error) {
	a := &c.last
	if c.op.method == http.MethodDelete && a.status == http.StatusNotFound && c.uncertain {
		// An attempt before this one has done it.
		return c.response(), nil
	}
	switch {
	case c.isWaiting(): // the caller gave up while the next attempt was due
		return c.response(), c.failure(c.brokenOff(ctx), doErr)
	case a.status == 0:
		return c.response(), c.failure(c.brokenOff(ctx), a.err)
	case !isSuccess(a.status):
		return c.response(), c.refusal()
	case out == nil:
		return c.response(), nil
	case a.bodyErr != nil && ctx.Err() != nil:
		return c.response(), c.failure(c.brokenOff(ctx), a.bodyErr)
	case a.bodyErr != nil:
		return c.response(), c.failure(ErrBadAnswer, a.bodyErr)
	}
	if err := decode(a.body, out); err != nil {
		return c.response(), c.failure(ErrBadAnswer, err)
	}
	if v, ok := out.(validator); ok {
		if err := v.validate(); err != nil {
			return c.response(), c.judge(err)
		}
	}
	return c.response(), nil
}

// decode reads one JSON value. Numbers in free metadata keep every digit.
func decode(body []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the answer")
	}
	return nil
}

// validator is an answer that decoding alone does not prove good.
type validator interface {
	// validate returns a *reported if the answer tells of a failure, another error if it lacks what
	// it must have.
	validate() error
}

// reported is a failure that an answer with a 2xx status tells of.
type reported struct{ message, code string }

func (*reported) Error() string { return "the answer tells of a failure" }

func (c *call) judge(err error) *Error {
	var r *reported
	if !errors.As(err, &r) {
		return c.failure(ErrBadAnswer, err)
	}
	e := c.failure(ErrFailed, nil)
	e.Message, e.Code = c.clean(r.message, maxMessage), c.clean(r.code, maxCode)
	return e
}

func (c *call) response() *Response {
	if c.attempts == 0 {
		return nil
	}
	return &Response{StatusCode: c.last.status, Header: c.last.header, Attempts: c.attempts}
}

func (c *call) failure(reason, cause error) *Error {
	e := &Error{Operation: c.op.id, Reason: reason, Outcome: c.outcome(), Status: c.last.status, cause: cause}
	if !isSuccess(c.last.status) {
		e.RetryAfter = c.retryAfter()
	}
	return e
}

// refusal is the error of an answer that is not 2xx.
func (c *call) refusal() *Error {
	a := &c.last
	e := c.failure(reasonOf(a.status), nil)
	if a.status >= 300 && a.status <= 399 {
		e.Message = "the API answered with a redirect, which is never followed: check the base URL"
		return e
	}
	message, code := readErrorBody(a.header.Get("Content-Type"), a.body)
	e.Message, e.Code = c.clean(message, maxMessage), c.clean(code, maxCode)
	if a.status == http.StatusConflict {
		e.ExistingID = ID(c.clean(existingID(a.body), maxCode))
	}
	return e
}

// brokenOff says why there is no answer.
func (c *call) brokenOff(ctx context.Context) error {
	switch {
	case errors.Is(c.parent.Err(), context.Canceled), c.brokeOff(ctx):
		return ErrCanceled
	case ctx.Err() != nil:
		return ErrTimeout
	case c.last.sent:
		return ErrInterrupted
	default:
		return ErrUnreachable
	}
}

func reasonOf(status int) error {
	switch status {
	case http.StatusBadRequest:
		return ErrBadRequest
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusRequestTimeout:
		return ErrTimeout
	case http.StatusUnprocessableEntity:
		return ErrUnprocessable
	case http.StatusTooManyRequests:
		return ErrRateLimited
	}
	switch {
	case status >= 500:
		return ErrServer
	case status >= 300:
		return ErrRejected
	default:
		return ErrBadAnswer // 1xx: no final answer at all
	}
}

// outcome tells whether the request took effect, all its attempts considered.
func (c *call) outcome() Outcome {
	switch {
	case c.op.reads():
		return NotDone
	case isSuccess(c.last.status):
		return Done
	case c.uncertain, c.last.uncertain():
		return Unknown
	default:
		return NotDone
	}
}

// uncertain reports whether the attempt may have taken effect without saying so.
func (a *attempt) uncertain() bool {
	switch {
	case a.status == 0:
		return a.sent
	case a.status == http.StatusRequestTimeout:
		// By RFC 9110 §15.5.9 the request did not come whole; web frameworks answer it when a
		// handler takes too long.
		return true
	case a.status >= 400 && a.status <= 499:
		return false
	case a.status == http.StatusMovedPermanently, a.status == http.StatusTemporaryRedirect,
		a.status == http.StatusPermanentRedirect:
		return false // the request is to be made elsewhere: nothing was done with it here (RFC 9110 §15.4)
	default:
		// 5xx. And 302 and 303, which may follow upon a request that was executed (RFC 9110
		// §15.4.4).
		return !isSuccess(a.status)
	}
}

// unlessBad passes on what was decoded if there was no error, or one that it explains.
func unlessBad[T any](data T, resp *Response, err error) (T, *Response, error) {
	if err != nil && !errors.Is(err, ErrFailed) {
		var none T
		return none, resp, err
	}
	return data, resp, err
}

package netx

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
)

// Fetched is what a server answered.
type Fetched struct {
	Status int
	Header http.Header
	Body   []byte
}

// FetchError is a request that was not answered.
type FetchError struct {
	// Cause is one word for logs: that of [Cause], invalid_url, not_allowed or busy.
	Cause string
	err   error
}

func (e *FetchError) Error() string { return "netx: fetch: " + e.Cause }

func (e *FetchError) Unwrap() error { return e.err }

// Get gets what a server publishes. Only the body of an answer with status 200 is read, of the size
// that the client's [Bounds] allow. Its only error is a [*FetchError].
func Get(ctx context.Context, client *http.Client, address string) (*Fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &FetchError{Cause: "invalid_url", err: err}
	}
	req.Header.Set("Accept", "application/json")
	return do(client, req, math.MaxInt64-1, false)
}

// Do makes a request and reads the answer to its end, whatever its status. Its only error is a
// [*FetchError]; beside one there is an answer if its body broke off.
func Do(client *http.Client, req *http.Request) (*Fetched, error) {
	return do(client, req, math.MaxInt64-1, true)
}

func do(client *http.Client, req *http.Request, limit int64, any bool) (*Fetched, error) {
	resp, err := client.Do(req) //nolint:gosec // which hosts may be asked is for those who make clients and requests
	if err != nil {
		return nil, &FetchError{Cause: Cause(err), err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	got := &Fetched{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode != http.StatusOK && !any {
		return got, nil
	}
	got.Body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(got.Body)) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return got, &FetchError{Cause: Cause(err), err: err}
	}
	return got, nil
}

// TrimBOM takes off a byte order mark, which some servers write before JSON and RFC 8259 §8.1 lets
// readers ignore.
func TrimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// DecodeJSON reads JSON that may have a byte order mark before it.
func DecodeJSON(data []byte, v any) error { return json.Unmarshal(TrimBOM(data), v) }

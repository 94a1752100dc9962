package histories_test

import (
	"bytes"
	"io"
	"net/http"
)

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// status503IsNo takes a 503 for a promise that nothing was done.
func status503IsNo(next http.RoundTripper) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && resp.StatusCode == http.StatusServiceUnavailable && r.Method == http.MethodPost {
			resp.StatusCode = http.StatusUnprocessableEntity
		}
		return resp, err
	})
}

// repeatedPost makes a POST again that broke.
func repeatedPost(next http.RoundTripper) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost {
			return next.RoundTrip(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		var resp *http.Response
		for range 2 {
			again := r.Clone(r.Context())
			again.Body, again.GetBody = io.NopCloser(bytes.NewReader(body)), nil
			if resp, err = next.RoundTrip(again); err == nil {
				break
			}
		}
		return resp, err
	})
}

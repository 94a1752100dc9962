package provider

import (
	"mime"
	"net/http"
	"net/url"
)

// maxForm is the most that a posted form may have.
const maxForm = 64 << 10

// readForm takes in what was posted. No parameter may come twice (RFC 6749 §3.1, §3.2).
func readForm(w http.ResponseWriter, r *http.Request) *failure {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil ||
		kind != "application/x-www-form-urlencoded" {
		return invalidRequest("Content-Type must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return invalidRequest("the form could not be read, or is too large")
	}
	return once(r.PostForm)
}

func once(values url.Values) *failure {
	for _, given := range values {
		if len(given) > 1 {
			return invalidRequest("a parameter is given more than once")
		}
	}
	return nil
}

package resource

import (
	"net/http"
	"strings"
)

// bearer takes the token out of a request (RFC 6750 §2.1); "" if there is none. Tokens in the query
// or in a body are not taken (OAuth 2.1 §5.1.2), and one there beside the header is refused, since
// it is not clear which is meant (RFC 6750 §3.1).
func bearer(r *http.Request) (string, *Refusal) {
	values := r.Header.Values("Authorization")
	if len(values) > 1 {
		return "", badRequest("more than one Authorization header")
	}
	if len(values) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil // another scheme authenticates nobody here
	}
	token = strings.TrimLeft(token, " ")
	switch {
	case token == "":
		return "", nil // a client that lost its token must sign in, not give up
	case !b64token(token):
		return "", badRequest("the Authorization header must be the word Bearer, a space and one token")
	case inQuery(r):
		return "", badRequest("the access token is given twice; send it in the Authorization header only")
	}
	return token, nil
}

// b64token is the form of a token in the header (RFC 6750 §2.1).
func b64token(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-._~+/", r):
			return false
		}
		return true
	})
}

func inQuery(r *http.Request) bool { return r.URL.RawQuery != "" && r.URL.Query().Has("access_token") }

package authserver

import "net/http"

// WaitsForStore tells the paths at which a request needs the store and may be refused for the
// moment. The token and the revocation endpoint are none of them: several clients take a failure
// there for the end of their login.
func WaitsForStore(path string) bool {
	switch unaliased(path) {
	case RegisterPath, AuthorizePath, ConsentPath, CallbackPath, KeyPath, AccountKeyPath:
		return true
	}
	return false
}

// unaliased is the path that the metadata names for an endpoint.
func unaliased(path string) string {
	for own, alias := range aliases {
		if path == alias {
			return own
		}
	}
	return path
}

// Crowded answers a request at such a path before anything is done for it.
func (s *Server) Crowded(w http.ResponseWriter, r *http.Request) {
	e := &Error{kind: temporarilyUnavailable, retryAfter: retryLater}
	if unaliased(r.URL.Path) == RegisterPath {
		public(http.MethodPost, func(w http.ResponseWriter, _ *http.Request) { refuse(w, e) }).ServeHTTP(w, r)
		return
	}
	s.errorPage(w, e)
}

// EndpointName is a fixed word for what is at a path, "" if nothing of this server is.
func EndpointName(path string) string {
	switch unaliased(path) {
	case AuthorizePath:
		return "authorize"
	case ConsentPath:
		return "consent"
	case CallbackPath:
		return "callback"
	case TokenPath:
		return "token"
	case RevokePath:
		return "revoke"
	case RegisterPath:
		return "register"
	case KeysPath:
		return "jwks"
	case KeyPath:
		return "key"
	case AccountKeyPath:
		return "account"
	}
	return ""
}

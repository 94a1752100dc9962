package provider

import (
	"encoding/json"
	"net/http"
)

// failure is an error of OAuth (RFC 6749 §5.2).
type failure struct {
	status      int
	code        string
	description string
}

func invalidRequest(description string) *failure {
	return &failure{http.StatusBadRequest, "invalid_request", description}
}

func invalidGrant(description string) *failure {
	return &failure{http.StatusBadRequest, "invalid_grant", description}
}

func invalidClient() *failure {
	return &failure{http.StatusUnauthorized, "invalid_client", "the client is unknown, or its secret is wrong"}
}

// writeError is the one place where a failure becomes an answer. A 401 names the scheme (RFC 6749
// §5.2).
func writeError(w http.ResponseWriter, f failure) {
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox"`)
	}
	writeJSON(w, f.status, map[string]string{"error": f.code, "error_description": f.description})
}

// refuseToken answers to an access token that is not good here (RFC 6750 §3.1).
func refuseToken(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", Challenge)
	writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
}

// Challenge is the WWW-Authenticate header of an answer to an access token that is not good (RFC
// 6750 §3).
const Challenge = `Bearer realm="sandbox", error="invalid_token"`

// writeJSON answers with what nobody may store.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // plain values; the client may be gone
}

package tokentest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is an authorization server under a URL of its own.
type Issuer struct {
	// URL is the issuer's identifier.
	URL string

	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	keys     []Key // published; the last one signs
	made     int
	status   int               // answer with this status instead
	metadata map[string]any    // by path
	raw      map[string][]byte // the same, as bytes
	keySet   []byte
	requests map[string]int
	gate     func(path string)
	handlers map[string]http.Handler
}

// The paths that an issuer answers.
const (
	MetadataPath = "/.well-known/oauth-authorization-server"
	OpenIDPath   = "/.well-known/openid-configuration"
	KeysPath     = "/keys"
)

// NewIssuer starts an issuer with one ES256 key and metadata at [MetadataPath]; it stops with the
// test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, requests: make(map[string]int), raw: make(map[string][]byte)}
	i.server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL
	i.metadata = map[string]any{MetadataPath: map[string]any{"issuer": i.URL, "jwks_uri": i.URL + KeysPath}}
	i.Rotate()
	return i
}

// Client is an HTTP client whose connections end with the issuer.
func (i *Issuer) Client() *http.Client { return i.server.Client() }

// Rotate makes a new ES256 key, publishes it beside the others and signs with it from now on.
func (i *Issuer) Rotate() Key {
	i.mu.Lock()
	i.made++
	id := fmt.Sprintf("key-%d", i.made)
	i.mu.Unlock()
	k := NewKey(i.t, jose.ES256, id)
	i.Publish(k)
	return k
}

// Publish adds a key to the JWK set and signs with it from now on.
func (i *Issuer) Publish(k Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, k)
}

// Retire takes all keys but the last out of the JWK set.
func (i *Issuer) Retire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[len(i.keys)-1:]
}

// Key is the key that signs.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// Fail answers everything with a status; 0 ends it.
func (i *Issuer) Fail(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status = status
}

// SetMetadata answers a path with a document, or with 404 if that is nil.
func (i *Issuer) SetMetadata(path string, document map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.metadata[path] = document
	if document == nil {
		delete(i.metadata, path)
	}
}

// SetBytes answers a path with bytes, such as a second JWK set.
func (i *Issuer) SetBytes(path string, data []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.raw[path] = data
}

// SetKeySet answers [KeysPath] with these bytes; nil for the published keys.
func (i *Issuer) SetKeySet(data []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keySet = data
}

// SetGate calls f before each answer, which waits for it.
func (i *Issuer) SetGate(f func(path string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.gate = f
}

// Handle answers a path with a handler.
func (i *Issuer) Handle(path string, h http.Handler) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.handlers == nil {
		i.handlers = make(map[string]http.Handler)
	}
	i.handlers[path] = h
}

// Requests is how often a path was asked for.
func (i *Issuer) Requests(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests[path]
}

// Sign signs claims as an access token with the issuer's key. Options change the header.
func (i *Issuer) Sign(claims map[string]any, options ...HeaderOption) string {
	i.t.Helper()
	return i.Key().Sign(i.t, claims, options...)
}

func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.requests[r.URL.Path]++
	gate, handler := i.gate, i.handlers[r.URL.Path]
	i.mu.Unlock()
	if gate != nil {
		gate(r.URL.Path)
	}
	if handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch document, ok := i.metadata[r.URL.Path]; {
	case i.status != 0:
		http.Error(w, "down on purpose", i.status)
	case i.raw[r.URL.Path] != nil:
		_, _ = w.Write(i.raw[r.URL.Path])
	case ok:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	case r.URL.Path != KeysPath:
		http.NotFound(w, r)
	case i.keySet != nil:
		_, _ = w.Write(i.keySet)
	default:
		set := jose.JSONWebKeySet{}
		for _, k := range i.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		_ = json.NewEncoder(w).Encode(set)
	}
}

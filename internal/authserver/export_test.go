package authserver

import (
	"context"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// ParseDocument reads a metadata document and gives the client's redirects.
func ParseDocument(id string, data []byte) ([]string, error) {
	c, err := parseDocument(id, data, nil)
	if err != nil {
		return nil, err
	}
	return c.Redirects, nil
}

// Document is what is read of a document.
type Document = parsedDocument

// ReadDocument reads a metadata document.
func ReadDocument(id string, data []byte) (*Document, error) { return parseDocument(id, data, nil) }

// BuiltInClient gives what is built in of a client.
func BuiltInClient(id string) (*Document, bool) {
	c, ok := builtIn(id)
	if !ok {
		return nil, false
	}
	return &Document{ID: c.id, Name: c.name, Redirects: c.redirects, Methods: c.methods, KeysURL: c.keysURL}, true
}

// OpenClientID tells whether an id is that of a registered client.
func OpenClientID(ids Sealer, secrets MAC, id string) bool {
	_, ok := registrar{ids: ids, secrets: secrets}.open(id)
	return ok
}

// SealClientID gives the id of a client that registered a redirect, whatever that is.
func SealClientID(ids Sealer, redirect string) string {
	c := &client{name: "Test app", redirects: []string{redirect}, methods: []string{methodNone}}
	registrar{ids: ids}.seal(c)
	return c.id
}

// KnownSchemes are the schemes without a dot that redirects may have.
var KnownSchemes = knownSchemes

// CheckRedirect says what is wrong with a redirect, of which the operator allows more schemes than
// the known ones.
func CheckRedirect(redirect string, more ...string) string { return checkRedirect(redirect, more) }

// Allows tells whether a client with one redirect may use another.
func Allows(registered, redirect string) bool {
	return (&client{redirects: []string{registered}}).allows(redirect)
}

// DocumentLife is how long a document is kept.
func DocumentLife(h http.Header, now time.Time) time.Duration { return documentLife(h, now) }

// Read fetches a document or takes it from the cache, and tells how many are kept.
func (d *Documents) Read(ctx context.Context, id string) (kept int, err error) {
	_, err = d.client(ctx, id, lookup{})
	return d.cache.Len(), err
}

// PendingName is the name of the cookie that goes with a handle, without what the address adds to
// it.
func PendingName(handle string) string { return pendingName(handle) }

// DecodePending reads what a cookie of a sign-in is sealed around.
func DecodePending(data []byte) (x *grant.AuthRequest, ok bool) {
	x, _, _, ok = decodePending(data)
	return x, ok
}

// EncodePending is what a cookie of a sign-in is sealed around.
func EncodePending(x *grant.AuthRequest) []byte {
	return encodePending(x, "handle", time.Unix(1<<31, 0))
}

// OfClient is what stands behind a grant in what requests of a client are counted by.
func OfClient(id string) string { return ofGrant("", &client{id: id}) }

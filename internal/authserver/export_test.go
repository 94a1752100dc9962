package authserver

import (
	"context"
	"net"
	"net/http"
	"time"
)

// GuardedTransport is what documents are fetched with.
func GuardedTransport(resolver *net.Resolver) *http.Transport { return guardedTransport(resolver) }

// ParseDocument reads a metadata document and gives the client's redirects.
func ParseDocument(id string, data []byte) ([]string, error) {
	c, err := parseDocument(id, data, nil)
	if err != nil {
		return nil, err
	}
	return c.redirects, nil
}

// OpenClientID tells whether an id is that of a registered client.
func OpenClientID(ids Sealer, secrets MAC, id string) bool {
	_, ok := registrar{ids: ids, secrets: secrets}.open(id)
	return ok
}

// CheckRedirect says what is wrong with a redirect, of which the operator allows more schemes than the known ones.
func CheckRedirect(redirect string, more ...string) string { return checkRedirect(redirect, more) }

// Allows tells whether a client with one redirect may use another.
func Allows(registered, redirect string) bool {
	return (&client{redirects: []string{registered}}).allows(redirect)
}

// DocumentLife is how long a document is kept.
func DocumentLife(h http.Header, now time.Time) time.Duration { return documentLife(h, now) }

// Read fetches a document or takes it from the cache, and tells how many are kept.
func (d *Documents) Read(ctx context.Context, id string) (kept int, err error) {
	_, err = d.client(ctx, id, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.cache), err
}

package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"code.dny.dev/ssrf"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

const (
	maxDocument     = 16 << 10
	documentTimeout = 5 * time.Second
	maxDocumentID   = 1024
	maxDocuments    = 500
)

// Documents are Client ID Metadata Documents: a client_id is an https URL, and what is found there is the client
// (draft-ietf-oauth-client-id-metadata-document). Whoever sends an authorization request chooses the URL, so what is
// fetched must not be able to reach anything that is not public, nor cost much. It may be used by many goroutines at once.
type Documents struct {
	http *http.Client
	keys *http.Client // for JWK sets
	now  func() time.Time

	mu    sync.Mutex
	cache map[string]cachedDocument
}

type cachedDocument struct {
	client *client
	until  time.Time
}

// NewDocuments fetches with a transport, which must not reach anything private: nil for one that is guarded when it dials,
// after names were resolved, so that a name cannot change in between. now nil is time.Now.
func NewDocuments(transport http.RoundTripper, now func() time.Time) *Documents {
	if transport == nil {
		transport = guardedTransport(nil)
	}
	if now == nil {
		now = time.Now
	}
	return &Documents{
		http: netx.NewClient(transport, netx.Bounds{
			Timeout: documentTimeout,
			MaxBody: maxDocument,
			// Client ID Metadata Documents §4: redirects are not followed.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		keys: keysClient(transport), now: now, cache: map[string]cachedDocument{},
	}
}

// guardedTransport dials public addresses on port 443 only. There is no proxy: behind one the guard would see nothing. A nil
// resolver is the system's.
func guardedTransport(resolver *net.Resolver) *http.Transport {
	dialer := &net.Dialer{Timeout: documentTimeout, Resolver: resolver, Control: ssrf.New(ssrf.WithPorts(443)).Safe}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    documentTimeout,
		ResponseHeaderTimeout:  documentTimeout,
		MaxResponseHeaderBytes: maxDocument,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
	}
}

// checkDocumentID holds a client_id to §3: an https URL with a path. There is one spelling of a host, so that one that is
// denied does not come back with another.
func checkDocumentID(id string) error {
	u, err := url.Parse(id)
	switch {
	case err != nil || len(id) > maxDocumentID || u.Scheme != "https" || u.Host == "" || u.Opaque != "" || u.String() != id:
		return errors.New("a client_id that is a URL must be a plain https URL of at most 1024 characters")
	case u.User != nil || strings.Contains(id, "#"):
		return errors.New("a client_id that is a URL must have no user name and no fragment")
	case u.Path == "" || u.Path == "/":
		return errors.New("a client_id that is a URL must have a path")
	case strings.Contains(u.Host, ":"):
		return errors.New("a client_id that is a URL must be on port 443 of a named host, and leave the port out")
	case u.Host != strings.ToLower(u.Host) || strings.HasSuffix(u.Host, "."):
		return errors.New("a client_id that is a URL must have its host in lower case, without a dot at its end")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("a client_id that is a URL must have no dot segments in its path")
		}
	}
	return nil
}

// client fetches a client's document, or takes it from the cache (§5.2). schemes are as in [registration.client].
func (d *Documents) client(ctx context.Context, id string, schemes []string) (*client, error) {
	if err := checkDocumentID(id); err != nil {
		return nil, fail(invalidClient, err.Error())
	}
	now := d.now()
	d.mu.Lock()
	known, ok := d.cache[id]
	d.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.client, nil
	}
	c, life, err := d.fetch(ctx, id, schemes)
	if err != nil {
		return nil, err
	}
	if life > 0 {
		d.keep(id, cachedDocument{client: c, until: now.Add(life)})
	}
	return c, nil
}

// keep remembers a document; of too many, those that have expired and then any other are forgotten.
func (d *Documents) keep(id string, c cachedDocument) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, old := range d.cache {
		if len(d.cache) < maxDocuments {
			break
		}
		if !d.now().Before(old.until) {
			delete(d.cache, key)
		}
	}
	for key := range d.cache {
		if len(d.cache) < maxDocuments {
			break
		}
		delete(d.cache, key)
	}
	d.cache[id] = c
}

var errDocument = fail(invalidClient,
	"the client metadata document cannot be read; it must be JSON of at most 16 KiB, answered with 200 at a public address without redirects")

func (d *Documents) fetch(ctx context.Context, id string, schemes []string) (*client, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return nil, 0, errDocument
	}
	req.Header.Set("Accept", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, 0, errDocument
	}
	defer func() { _ = resp.Body.Close() }()
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return nil, 0, errDocument
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0, errDocument
	}
	c, err := parseDocument(id, data, schemes)
	if err != nil {
		return nil, 0, err
	}
	return c, documentLife(resp.Header, d.now()), nil
}

// parseDocument reads a document (§4).
func parseDocument(id string, data []byte, schemes []string) (*client, error) {
	var doc struct {
		registration
		ID     string          `json:"client_id"`
		Secret json.RawMessage `json:"client_secret"`
	}
	if json.Unmarshal(data, &doc) != nil {
		return nil, errDocument
	}
	switch {
	case doc.ID != id: // §4.1: to the letter
		return nil, fail(invalidClient, "the client metadata document is of another client_id than its URL")
	case doc.Secret != nil: // §4.1: no shared secrets in public documents
		return nil, fail(invalidClient, "the client metadata document has a client_secret, which everybody can read")
	}
	c, e := doc.client(schemes)
	if e != nil {
		return nil, fail(invalidClient, "the client metadata document is not usable: "+e.text())
	}
	c.id, c.origin = id, document
	if e := doc.agree(c); e != nil {
		return nil, e
	}
	return c, nil
}

package authserver

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// Client ID metadata documents: clients whose client_id is a URL.

// The ways to serve clients whose client_id is a URL.
const (
	DocumentsOn      = "on"      // their documents are fetched
	DocumentsBuiltIn = "builtin" // nothing is fetched; well-known clients are served from what is built in
	DocumentsOff     = "off"     // they are refused, and the metadata does not announce them
)

// stillThereTimeout is how long a refresh may wait for the host of its client's document.
const stillThereTimeout = 3 * time.Second

// DocumentsOptions configure [Documents]. The zero value fetches, keeps nothing but in memory and
// logs nothing.
type DocumentsOptions struct {
	// Mode is one of the constants above. Default: DocumentsOn.
	Mode string
	// Fetcher fetches documents. Default: one that reaches every public address.
	Fetcher *netx.Fetcher
	// Kept is where documents are kept for all replicas, and Sealer seals them. Default: they are
	// not kept.
	Kept   KeptDocuments
	Sealer Sealer
	// Logger is told what operators can do something about. Default: nobody is.
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Documents are Client ID Metadata Documents: a client_id is an https URL, and what is found there
// is the client (draft-ietf-oauth-client-id-metadata-document). Whoever sends an authorization
// request chooses the URL, so what is fetched must not be able to reach anything that is not
// public, nor cost much. It may be used by many goroutines at once.
//
// A host that does not answer says nothing about its client: then the document serves with which a
// person has signed in before, or what is built in. A host that says that there is no document ends
// its client. If the store cannot say what is kept, nothing is taken to be.
type Documents struct {
	DocumentsOptions

	// By grant.ClientRef.
	cache   *lru.Cache[string, cachedDocument]
	flights flight.Group[*client]
	asked   lately // when a refresh last asked, by grant.ClientRef
	// told is when it was last logged that a document cannot be fetched; apart for ids that anybody
	// may have made up, so that those silence nothing.
	told, toldUnknown lately
}

// NewDocuments makes Documents.
func NewDocuments(opts DocumentsOptions) *Documents {
	if opts.Mode == "" {
		opts.Mode = DocumentsOn
	}
	if opts.Fetcher == nil {
		opts.Fetcher = netx.NewFetcher(netx.FetcherOptions{})
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Documents{DocumentsOptions: opts, cache: newDocumentCache[cachedDocument]()}
}

// lookup is who asks for a document.
type lookup struct {
	// schemes are those that the operator allows in redirects beside the known ones.
	schemes []string
	// may is asked before something is fetched; nil is yes.
	may func() *Error
}

var (
	errDocumentsOff = &Error{kind: invalidClient, deployment: true, description: "this server does not take a client_id that is a URL; " +
		"its operator has turned client metadata documents off, so register the app instead"}
	errNotBuiltIn = &Error{kind: invalidClient, deployment: true, description: "this server fetches no client metadata documents, and this app " +
		"is not one of those that it knows without; its operator can allow it"}
)

// admits holds an id to the mode: what is refused whatever its document says.
func (d *Documents) admits(id string) error {
	if d.Mode == DocumentsOff {
		return errDocumentsOff
	}
	if err := checkDocumentID(id); err != nil {
		return fail(invalidClient, err.Error()).because(web.ReasonDocument)
	}
	if _, known := builtIn(id); d.Mode == DocumentsBuiltIn && !known {
		return errNotBuiltIn
	}
	return nil
}

// client gives the client of an id: from the cache (§5.2), from its host, or where that cannot be
// asked from what is kept or built in.
func (d *Documents) client(ctx context.Context, id string, l lookup) (*client, error) {
	if err := d.admits(id); err != nil {
		return nil, err
	}
	if d.Mode == DocumentsBuiltIn {
		c, _ := builtIn(id)
		return c, nil
	}
	ref := grant.ClientRef(id)
	if doc, fresh := d.cached(ref); fresh {
		return doc.client(), nil
	}
	if l.may != nil && !d.flights.Has(ref) {
		if e := l.may(); e != nil {
			return d.instead(ctx, id, &unfetched{cause: "limited", public: e})
		}
	}
	return d.once(ctx, ref, func(ctx context.Context) (*client, error) {
		doc, err := d.fetch(ctx, id, l.schemes)
		switch failed, ok := errors.AsType[*unfetched](err); {
		case ok:
			return d.instead(ctx, id, failed)
		case err != nil:
			return nil, err
		}
		return doc.client(), nil
	})
}

// once has one of all who ask for a document at the same time fetch it. Whoever does goes on when
// its client hangs up, since others wait for it; the fetch ends by itself.
func (d *Documents) once(ctx context.Context, ref string, fetch func(context.Context) (*client, error)) (*client, error) {
	f, _ := d.flights.Join(ref, func() (*client, error) {
		beside := context.WithoutCancel(ctx)
		if end, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			beside, cancel = context.WithDeadline(beside, end)
			defer cancel()
		}
		return fetch(beside)
	})
	c, err := f.Wait(ctx)
	if err != nil && errors.Is(err, ctx.Err()) {
		return nil, &Error{kind: temporarilyUnavailable, cause: err, retryAfter: retryLater}
	}
	return c, err
}

// fetch asks the host, and remembers what it says. An [*unfetched] says that nobody knows; an
// [*Error] that there is no such document, which ends the one that was kept.
func (d *Documents) fetch(ctx context.Context, id string, schemes []string) (*parsedDocument, error) {
	got, err := d.Fetcher.Fetch(ctx, id)
	if err != nil {
		failed, _ := errors.AsType[*netx.FetchError](err)
		if failed == nil || !errors.Is(err, netx.ErrTooLarge) {
			return nil, newUnfetched(id, failed)
		}
		return nil, d.end(ctx, id, http.StatusOK, badDocument("must have at most 16 KiB"))
	}
	switch {
	case got.Status == http.StatusNotFound, got.Status == http.StatusGone:
		return nil, d.end(ctx, id, got.Status, badDocument("is not there any more: its host answers %d", got.Status))
	case got.Status != http.StatusOK:
		return nil, refusedByHost(id, got.Status)
	}
	media, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if media != "application/json" && !strings.HasSuffix(media, "+json") {
		return nil, d.end(ctx, id, got.Status, badDocument("must be served as application/json"))
	}
	doc, err := parseDocument(id, got.Body, schemes)
	if err != nil {
		return nil, d.end(ctx, id, got.Status, err)
	}
	now := d.Now()
	doc.Fetched = now.Unix()
	d.cache.Add(grant.ClientRef(id), cachedDocument{document: doc, until: now.Add(documentLife(got.Header, now))})
	return doc, nil
}

// stillThere tells whether a client may go on that signed in before: its document is asked for when
// the cache has it no more, at most every few minutes. Only a host that says that there is none
// ends the client; the grant stays, in case that was a mistake of the host's.
func (d *Documents) stillThere(ctx context.Context, id string, schemes []string) error {
	ref := grant.ClientRef(id)
	doc, fresh := d.cached(ref)
	if fresh || doc != nil && d.age(doc) < latelyPeriod || d.Mode != DocumentsOn || !d.asked.first(ref, d.Now()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stillThereTimeout)
	defer cancel()
	_, err := d.fetch(ctx, id, schemes)
	if e, ok := errors.AsType[*Error](err); ok {
		d.asked.forget(ref) // each refresh is told, until the document is back
		return e
	}
	return nil // where nobody knows, the client goes on
}

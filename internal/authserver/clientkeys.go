package authserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

const (
	// maxKeySet is the largest JWK set of a client in bytes.
	maxKeySet = 64 << 10
	// keysPause is the least time between two looks at a client's keys, and between two at its
	// document for them.
	keysPause = time.Minute
	// keysRetry is the same for a document that could not be read while nothing of it is known.
	keysRetry = 10 * time.Second
	// keysTimeout is the longest that a look at a document may take.
	keysTimeout = 10 * time.Second
)

// clientKeys are the keys of clients with metadata documents. Looking for them costs requests to
// other hosts, so they are kept, in bounds, and looked for once a minute at most, whatever key an
// assertion names.
type clientKeys struct {
	read  func(ctx context.Context, id string) (*client, error) // a client's document
	fetch func(ctx context.Context, address string) (*netx.Fetched, error)
	now   func() time.Time
	log   *slog.Logger

	// By id: known are those whose document was read, tried all others, so that whoever names
	// clients that nobody has heard of pushes out none that is in use.
	known, tried *lru.Cache[string, *flight.Value[publishedKeys]]
}

// publishedKeys are what is known of one client's keys.
type publishedKeys struct {
	client *client       // as its document was read last
	good   time.Time     // when that was fetched
	set    *token.KeySet // of client.keysURL
}

func newClientKeys(opts Options, read func(ctx context.Context, id string) (*client, error)) *clientKeys {
	return &clientKeys{
		read: read, fetch: opts.Documents.fetchKeys, now: opts.Now, log: opts.Logger,
		known: newDocumentCache[*flight.Value[publishedKeys]](), tried: newDocumentCache[*flight.Value[publishedKeys]](),
	}
}

// verify checks the signature of an assertion. While the document cannot be read the one that was
// read or kept last counts, in memory for a day; without it the assertion cannot be checked. Where
// its host says that there is none, the client is refused.
//
// Whoever has a token of ours can name any client, and have its document asked for. So charge is
// asked before that of one that is not known: it may refuse.
func (k *clientKeys) verify(ctx context.Context, id string, a *token.Assertion, charge func() *Error) *Error {
	v, read := k.of(id)
	if !read {
		if e := charge(); e != nil {
			return e
		}
	}
	p, err := v.Get(ctx)
	switch {
	case isGone(err):
		return asError(err)
	case err != nil:
		return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: keysRetry, description: textKeysAway}
	}
	if !read {
		k.known.Add(id, v)
		k.tried.Remove(id)
	}
	switch c := p.client; {
	case c.isKeyless():
		return &Error{kind: temporarilyUnavailable, retryAfter: keysPause, description: textKeysAway}
	case c.keysURL == "":
		return c.verify(a)
	case !slices.Contains(c.algorithms(), a.Algorithm):
		return errOtherAlgorithm
	}
	if err = p.set.Verify(ctx, a); err == nil {
		return nil
	}
	if errors.Is(err, token.ErrInvalid) {
		return fail(invalidClient, assertionProblem(err))
	}
	wait := cmp.Or(fault.Of(err).RetryAfter, keysRetry)
	return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: wait, description: textKeysAway}
}

const textKeysAway = "the keys of this client cannot be fetched at the moment; nothing is lost, try again shortly"

// of gives what is known of a client, and whether its document was ever read.
func (k *clientKeys) of(id string) (v *flight.Value[publishedKeys], read bool) {
	if v, read = k.known.Get(id); read {
		return v, true
	}
	if v, tried := k.tried.Get(id); tried {
		return v, false
	}
	v = flight.NewValue(flight.Options[publishedKeys]{
		Fetch:   func(ctx context.Context, old *publishedKeys) (*publishedKeys, error) { return k.look(ctx, id, old) },
		Timeout: keysTimeout, Fresh: keysPause, AfterFailure: keysRetry, Strict: true, Now: k.now,
	})
	if other, there, _ := k.tried.PeekOrAdd(id, v); there {
		v = other
	}
	return v, false
}

// look reads the client's document. While the document is unavailable, the last one read serves for
// a day; after that, or if there is no such copy, it returns an error.
func (k *clientKeys) look(ctx context.Context, id string, old *publishedKeys) (*publishedKeys, error) {
	c, err := k.read(ctx, id)
	now := k.now()
	lately := old != nil && now.Sub(old.good) <= documentLongest
	switch {
	case err == nil && lately && c.isKeyless(): // what is built in says nothing of the keys that were known
		return old, nil
	case err == nil:
		p := &publishedKeys{client: c, good: c.fetched}
		if old != nil && old.client.keysURL == c.keysURL && old.client.algorithm == c.algorithm && now.Sub(c.fetched) <= documentLongest {
			p.set = old.set
		} else {
			p.set = k.published(c) // where its document is kept only, its keys are fetched again
		}
		return p, nil
	case lately && !isGone(err):
		return old, nil
	}
	return nil, err
}

// published are the keys behind a client's jwks_uri; nil if it has none.
func (k *clientKeys) published(c *client) *token.KeySet {
	if c.keysURL == "" {
		return nil
	}
	return token.NewKeySet(func(ctx context.Context) (token.Keys, error) {
		got, err := k.fetch(ctx, c.keysURL)
		status := 0
		if err == nil {
			if status = got.Status; status != http.StatusOK {
				err = fmt.Errorf("status %d", status)
			}
		}
		var keys token.Keys
		if err == nil {
			keys, _, err = token.ParseKeys(got.Body, c.algorithms()...)
		}
		if err != nil { // at most once a minute
			host, path := placeOf(c.keysURL) // a query may hold what is nobody's business
			k.log.WarnContext(ctx, "the keys of a client cannot be fetched; its assertions cannot be checked with newer ones",
				"host", host, "path", path, "status", status)
			return token.Keys{}, fmt.Errorf("fetching the keys of a client: %w", err)
		}
		return keys, nil
	}, keysPause, assertionLeeway, k.now)
}

// checkKeysURL says what is wrong with the jwks_uri of a document; "" for nothing. It lies on the
// document's own host: so a document proves its keys, and nobody makes us ask a third party.
func checkKeysURL(id, address string) string {
	u, err1 := url.Parse(address)
	own, err2 := url.Parse(id)
	switch {
	case err1 != nil || err2 != nil || len(address) > maxDocumentID || u.Scheme != "https" || u.Opaque != "" || u.User != nil ||
		strings.Contains(address, "#"):
		return "jwks_uri must be a plain https URL of at most 1024 characters"
	case !strings.EqualFold(u.Hostname(), own.Hostname()) || u.Port() != "" && u.Port() != "443":
		return "jwks_uri must be on the host of the document and on port 443"
	}
	return ""
}

// fetchKeys gets a JWK set as documents are fetched, in bounds of its own on what it may take.
func (d *Documents) fetchKeys(ctx context.Context, address string) (*netx.Fetched, error) {
	return d.Fetcher.FetchAs(ctx, address, netx.Wanted{Accept: "application/jwk-set+json, application/json", MaxBody: maxKeySet})
}

// isGone reports whether an error says that there is no such document, and not that nobody knows.
func isGone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.gone
}

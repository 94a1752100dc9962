package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

const (
	// maxKeySet is the largest JWK set of a client in bytes.
	maxKeySet = 64 << 10
	// keysPause is the least time between two looks at a client's keys, and between two at its document for them.
	keysPause = time.Minute
	// keysRetry is the same for a document that could not be read while nothing of it is known.
	keysRetry = 10 * time.Second
)

// clientKeys are the keys of clients with metadata documents. Looking for them costs requests to other hosts, so they are
// kept, in bounds, and looked for once a minute at most, whatever key an assertion names.
type clientKeys struct {
	read  func(ctx context.Context, id string) (*client, error) // a client's document
	fetch func(ctx context.Context, address string) (*netx.Fetched, error)
	now   func() time.Time
	log   *slog.Logger

	mu    sync.Mutex
	known map[string]*publishedKeys
}

// publishedKeys are what is known of one client's keys.
type publishedKeys struct {
	// By clientKeys.mu: when it was used, and whether its document was ever read.
	used time.Time
	read bool

	turn    chan struct{} // holds whoever looks at what follows
	client  *client       // as its document was read last; nil if it never was
	good    time.Time     // when that was fetched
	next    time.Time     // when it may be read again
	failure error         // why it is nil
	set     *token.KeySet // of client.keysURL
}

// verify checks the signature of an assertion. While the document cannot be read the one that was read or kept last counts, in
// memory for a day; without it the assertion cannot be checked. Where its host says that there is none, the client is refused.
//
// Whoever has a token of ours can name any client, and have its document asked for. So charge is asked before that of one
// that is not known: it may refuse.
func (k *clientKeys) verify(ctx context.Context, id string, a *token.Assertion, charge func() *Error) *Error {
	p, read := k.of(id)
	if !read {
		if e := charge(); e != nil {
			return e
		}
	}
	c, set, err := p.current(ctx, k, id)
	switch {
	case isGone(err):
		return asError(err)
	case err != nil:
		return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: keysRetry, description: textKeysAway}
	case c.isKeyless():
		return &Error{kind: temporarilyUnavailable, retryAfter: keysPause, description: textKeysAway}
	case c.keysURL == "":
		return c.verify(a)
	case !slices.Contains(c.algorithms(), a.Algorithm):
		return errOtherAlgorithm
	}
	if err = set.Verify(ctx, a); err == nil {
		return nil
	}
	if errors.Is(err, token.ErrInvalid) {
		return fail(invalidClient, assertionProblem(err))
	}
	e := &Error{kind: temporarilyUnavailable, cause: err, retryAfter: keysRetry, description: textKeysAway}
	if away, ok := errors.AsType[*token.UnavailableError](err); ok {
		e.retryAfter = away.RetryAfter()
	}
	return e
}

const textKeysAway = "the keys of this client cannot be fetched at the moment; nothing is lost, try again shortly"

// of gives what is known of a client, and whether its document was ever read. Of too many, one whose document was not is
// forgotten, else the one that was not used for longest.
func (k *clientKeys) of(id string) (p *publishedKeys, read bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.known[id]
	if !ok {
		if len(k.known) >= maxDocuments {
			worst := ""
			for other, q := range k.known {
				if w := k.known[worst]; w == nil || w.read && !q.read || w.read == q.read && q.used.Before(w.used) {
					worst = other
				}
			}
			delete(k.known, worst)
		}
		p = &publishedKeys{turn: make(chan struct{}, 1)}
		k.known[id] = p
	}
	p.used = k.now()
	return p, p.read
}

// current gives the client as its document says, and the keys behind its jwks_uri.
func (p *publishedKeys) current(ctx context.Context, k *clientKeys, id string) (*client, *token.KeySet, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	now := k.now()
	if !now.Before(p.next) {
		c, err := k.read(context.WithoutCancel(ctx), id) // others wait for it
		p.failure, p.next = err, now.Add(keysPause)
		switch {
		case err == nil && p.client != nil && c.isKeyless() && now.Sub(p.good) <= documentLongest:
			// What is built in says nothing of the keys that were known.
		case err == nil:
			if p.client == nil || p.client.keysURL != c.keysURL || p.client.algorithm != c.algorithm || now.Sub(c.fetched) > documentLongest {
				p.set = k.published(c) // where its document is kept only, its keys are fetched again
			}
			p.client, p.good = c, c.fetched
			k.mu.Lock()
			p.read = true
			k.mu.Unlock()
		case isGone(err), now.Sub(p.good) > documentLongest:
			p.client, p.set = nil, nil
		}
		if p.client == nil {
			p.next = now.Add(keysRetry)
		}
	}
	if p.client == nil {
		return nil, nil, p.failure
	}
	return p.client, p.set, nil
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

// checkKeysURL says what is wrong with the jwks_uri of a document; "" for nothing. It lies on the document's own host: so a
// document proves its keys, and nobody makes us ask a third party.
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

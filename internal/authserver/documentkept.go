package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

const (
	// MaxKeptDocuments is how many documents are kept in all.
	MaxKeptDocuments = 500
	// maxKept is the largest document that is kept, parsed, in bytes.
	maxKept = 4 << 10
	// keptLife is how long a document serves after it was fetched while a person signed in with it.
	keptLife = 30 * 24 * time.Hour
	// keptLately is when a document that another replica fetched need not be fetched for being
	// kept.
	keptLately = 24 * time.Hour
	// completedTimeout is how long a person who has signed in may wait for the document to be kept.
	completedTimeout = 2 * time.Second
)

// KeptDocuments keeps a bounded number of documents for all replicas. An error says that the store
// cannot tell, or cannot write; then nothing is taken to be kept.
type KeptDocuments interface {
	Get(ctx context.Context, name string) (value []byte, found bool, err error)
	// Keep keeps a value for an owner, whom it counts for when there are too many.
	Keep(ctx context.Context, name, owner string, value []byte, life time.Duration) error
	// Drop forgets a value, and tells whether there was one.
	Drop(ctx context.Context, name string) (dropped bool, err error)
}

func keptName(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return encoding.EncodeToString(sum[:16])
}

// completed keeps the document of a client with which a person has signed in. Only this puts
// anything into the store: whoever asks for an authorization chooses the URL, and has proven
// nothing. A replica that did not fetch the document fetches it now, unless one is kept that is
// young; where only the digest of a long client_id is known, the replica that fetched it keeps it.
// What fails is for the next sign-in to make good.
func (d *Documents) completed(ctx context.Context, ref, subject string, schemes []string) error {
	if d.Mode != DocumentsOn || d.Kept == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completedTimeout)
	defer cancel()
	doc, _ := d.cached(ref)
	if doc == nil && isDocumentID(ref) {
		if kept := d.kept(ctx, ref); kept != nil && d.age(kept) < keptLately {
			return nil
		}
		_, _ = d.client(ctx, ref, lookup{schemes: schemes}) // what fails is logged where it is fetched
		doc, _ = d.cached(ref)
	}
	if doc == nil || d.age(doc) >= keptLife { // served from what is kept or built in, or not at all
		return nil
	}
	data, err := json.Marshal(doc)
	if err != nil || len(data) > maxKept { // too large to be kept; it serves as long as its host does
		return nil
	}
	name := keptName(ref)
	return d.Kept.Keep(ctx, name, mark(subject)[:16], d.Sealer.Seal(data, keptAAD(name)), keptLife)
}

func keptAAD(name string) []byte { return []byte("document\x00" + name) }

// kept gives the document that was kept, nil for none. What does not open, or cannot be looked up,
// is none.
func (d *Documents) kept(ctx context.Context, ref string) *parsedDocument {
	if d.Kept == nil {
		return nil
	}
	name := keptName(ref)
	raw, found, err := d.Kept.Get(ctx, name)
	if err != nil || !found {
		return nil
	}
	var doc parsedDocument
	data, err := d.Sealer.Open(raw, keptAAD(name))
	if err != nil || json.Unmarshal(data, &doc) != nil || grant.ClientRef(doc.ID) != ref || d.age(&doc) >= keptLife ||
		len(doc.Redirects) == 0 {
		return nil
	}
	// A later version may write what this one does not serve.
	doc.Methods = slices.DeleteFunc(doc.Methods, func(m string) bool { return m != methodNone && m != methodKey })
	if len(doc.Methods) == 0 {
		return nil
	}
	return &doc
}

func (d *Documents) age(doc *parsedDocument) time.Duration {
	return d.Now().Sub(time.Unix(doc.Fetched, 0))
}

// end forgets a document whose host says that there is none, for all replicas. Where the store is
// away it stays, and may serve again if the host then does not answer; whoever asks while it
// answers ends it again.
func (d *Documents) end(ctx context.Context, id string, status int, reason error) error {
	ref := grant.ClientRef(id)
	d.cache.Remove(ref)
	said := *asError(reason)
	said.gone = true
	if d.Kept == nil {
		return &said
	}
	if dropped, err := d.Kept.Drop(ctx, keptName(ref)); err != nil || dropped {
		host, path := placeOf(id)
		d.Logger.WarnContext(ctx, "a client's metadata document is gone; the client cannot sign in any more", "host", host, "path", path,
			"status", status, "reason", said.text(), "dropped", dropped)
	}
	return &said
}

// placeOf is what of a URL may stand in a log: the query could be anything.
func placeOf(id string) (host, path string) {
	u, err := url.Parse(id)
	if err != nil { // checked before
		return "", ""
	}
	if path = u.EscapedPath(); len(path) > maxLoggedPath {
		path = sanitize.Cut(path, maxLoggedPath) + "..."
	}
	return u.Host, path
}

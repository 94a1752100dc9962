package authserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// origin says how a client became known, and so how far its own word goes.
type origin int

const (
	registered    origin = iota // by itself (RFC 7591): its name proves nothing
	document                    // by a document on its own host: the host is proven
	preregistered               // by the operator
)

// client is a program that asks for tokens.
type client struct {
	id, name  string
	origin    origin
	redirects []string
	// methods are the ways of proving itself that it has in common with us. Those of a client with
	// a metadata document are in that document, and are not known at the token endpoint.
	methods []string
	// grants are the grant types that the operator gave it, nil for those of every client; scopes
	// are all that it may have, nil for no bound.
	grants, scopes []string
	// secret tells whether a secret is this client's; nil for one without.
	secret func(string) bool
	// keys verify its assertions, keysURL is where they are, if not here; algorithm is the only one
	// it signs with, if it says.
	keys      *token.Keys
	keysURL   string
	algorithm string
	// fetched is when its document was.
	fetched time.Time
}

// clients knows all clients there can be.
type clients struct {
	list       *ClientList
	documents  *Documents
	registered registrar
}

// forBrowser finds a client for an authorization request, with its redirects. Its error is for a
// page: nobody knows yet where an answer could be sent (RFC 6749 §4.1.2.1). may is asked before a
// document is fetched.
func (c clients) forBrowser(ctx context.Context, id string, may func() *Error) (*client, error) {
	if !c.byDocument(id) {
		return c.forToken(id)
	}
	return c.documents.client(ctx, id, lookup{schemes: c.list.schemes, may: may})
}

// byDocument reports whether a client is what its document says: the operator's list comes first,
// whatever it says of an id.
func (c clients) byDocument(id string) bool {
	return isDocumentID(id) && !c.list.has(id) && !c.list.denied(id)
}

// forToken finds a client at the token endpoint. That of a client with a metadata document is not
// read for that: what the client has to prove was agreed on when the grant was made.
func (c clients) forToken(id string) (*client, error) {
	switch known, ok := c.list.client(id); {
	case c.list.denied(id):
		return nil, fail(invalidClient, "this client was blocked by the operator of the server").because(web.ReasonBlockedClient)
	case ok:
		return known, nil
	case isDocumentID(id):
		if err := c.documents.admits(id); err != nil {
			return nil, err
		}
		return &client{id: id, origin: document}, nil
	}
	if known, ok := c.registered.open(id); ok {
		return known, nil
	}
	return nil, fail(invalidClient, "the client_id is unknown; register again").because(web.ReasonUnknownClient)
}

// ref is how access tokens name a client: one that registered itself by the digest of its id if
// that is long, others by their id, which the deny list may match in part.
func (c *client) ref() string {
	if c.origin == registered {
		return grant.ClientRef(c.id)
	}
	return c.id
}

// keepsDocumentOf reports whether the document of a client, as records name it, is to be kept after
// a sign-in.
func (c clients) keepsDocumentOf(ref string) bool { return !c.list.has(ref) && !c.list.denied(ref) }

// stillThere tells whether a client of a grant may go on: one by document may not once its host
// says that there is none.
func (c clients) stillThere(ctx context.Context, known *client) error {
	if known.origin != document {
		return nil
	}
	return c.documents.stillThere(ctx, known.id, c.list.schemes)
}

func isDocumentID(id string) bool { return strings.HasPrefix(id, "https://") }

// allows compares a redirect to the letter, but for the port of one on this machine, which a native
// client is given again each time (RFC 8252 §7.3, RFC 9700 §4.1.3).
func (c *client) allows(redirect string) bool {
	return slices.ContainsFunc(c.redirects, func(r string) bool {
		if r == redirect {
			return true
		}
		a, ok := withoutLoopbackPort(r)
		b, _ := withoutLoopbackPort(redirect) // "" for another, which a is not
		return ok && a == b
	})
}

// onOwnHost tells whether a redirect leads to the host that proves the client's document.
func (c *client) onOwnHost(redirect string) bool {
	r, err1 := url.Parse(redirect)
	id, err2 := url.Parse(c.id)
	return err1 == nil && err2 == nil && c.origin == document && r.Scheme == "https" && r.Host == id.Host
}

// sameText compares in a time that tells nothing.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

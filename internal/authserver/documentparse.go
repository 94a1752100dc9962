package authserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

const maxDocumentID = 1024

// checkDocumentID holds a client_id to §3: an https URL with a path. There is one spelling of a
// host, so that one that is denied does not come back with another.
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
	case u.Host != strings.ToLower(u.Host) || strings.HasSuffix(u.Host, ".") || !hostPattern.MatchString(u.Host):
		return errors.New("a client_id that is a URL must have its host in lower case, without a dot at its end")
	case netx.IsAddress(u.Host) || !strings.Contains(u.Host, "."): // nobody's, or of some network that is not the client's
		return errors.New("a client_id that is a URL must be on a host with a public name; an IP address or a name without a dot will not do")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("a client_id that is a URL must have no dot segments in its path")
		}
	}
	return nil
}

// parsedDocument is what of a document counts here. It is what is kept of it.
type parsedDocument struct {
	ID        string          `json:"client_id"`
	Name      string          `json:"name,omitempty"`
	Redirects []string        `json:"redirects"`
	Methods   []string        `json:"methods"` // those in common with ours, at least one
	KeysURL   string          `json:"jwks_uri,omitempty"`
	Keys      json.RawMessage `json:"jwks,omitempty"` // that can be used
	Algorithm string          `json:"alg,omitempty"`
	Fetched   int64           `json:"fetched,omitempty"` // in seconds; 0 for what is built in
}

// client is the client that a document describes. Keys that a later version kept and this one
// cannot read leave it without any, see [client.isKeyless].
func (d *parsedDocument) client() *client {
	c := &client{
		id: d.ID, name: d.Name, origin: document, redirects: d.Redirects, methods: d.Methods, keysURL: d.KeysURL, algorithm: d.Algorithm,
		fetched: time.Unix(d.Fetched, 0),
	}
	if len(d.Keys) > 0 {
		if keys, _, err := token.ParseKeys(d.Keys, c.algorithms()...); err == nil {
			c.keys = &keys
		}
	}
	return c
}

// isKeyless reports whether the client may prove itself by keys that nobody here knows: what is
// built in has none.
func (c *client) isKeyless() bool {
	return slices.Contains(c.methods, methodKey) && c.keys == nil && c.keysURL == ""
}

// badDocument says what is wrong with a document. It is for its makers, see requestPage.
func badDocument(format string, args ...any) *Error {
	return fail(invalidClient, "the client metadata document "+fmt.Sprintf(format, args...)).because(web.ReasonDocument)
}

// parseDocument reads a document (§4). What does not count here may be anything, and so may
// redirects that are not served as long as one is: a document is written for every server.
func parseDocument(id string, data []byte, schemes []string) (*parsedDocument, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &members) != nil || members == nil {
		return nil, badDocument("must be a JSON object")
	}
	d := &parsedDocument{}
	if text(members["client_id"], &d.ID); d.ID != id { // §4.1: to the letter
		return nil, badDocument("must have its own URL as its client_id")
	}
	if isThere(members["client_secret"]) { // §4.1: no shared secrets in public documents
		return nil, badDocument("must not have a client_secret")
	}
	var e *Error
	if d.Redirects, e = parseRedirects(members["redirect_uris"], schemes); e != nil {
		return nil, e
	}
	for member, needed := range map[string]string{"grant_types": grantCode, "response_types": "code"} {
		var all []string
		if json.Unmarshal(members[member], &all) == nil && len(all) > 0 && !slices.Contains(all, needed) {
			return nil, badDocument("must have %s among its %s", needed, member)
		}
	}
	var name string
	text(members["client_name"], &name)
	d.Name = sanitize.Line(name, maxName)
	if e = d.agree(members); e != nil {
		return nil, e
	}
	return d, nil
}

// agree reads how the client of a document can prove itself, see [registration.agree].
func (d *parsedDocument) agree(members map[string]json.RawMessage) *Error {
	var offered registration
	if m := members["token_endpoint_auth_methods_supported"]; isThere(m) && json.Unmarshal(m, &offered.Methods) != nil {
		return badDocument("must have a list of texts as its token_endpoint_auth_methods_supported")
	}
	if m := members["token_endpoint_auth_method"]; len(offered.Methods) == 0 && isThere(m) && json.Unmarshal(m, &offered.Method) != nil {
		return badDocument("must have a text as its token_endpoint_auth_method")
	}
	text(members["jwks_uri"], &offered.JWKSURI)
	text(members["token_endpoint_auth_signing_alg"], &offered.Algorithm)
	offered.JWKS = members["jwks"]
	c := &client{id: d.ID}
	if e := offered.agree(c); e != nil {
		return e
	}
	d.Methods, d.KeysURL, d.Algorithm = c.methods, c.keysURL, c.algorithm
	if c.keys == nil {
		return nil
	}
	var err error
	if d.Keys, err = c.keys.JSON(); err != nil { // public keys only, which were parsed
		return &Error{kind: serverError, cause: err}
	}
	return nil
}

// isThere tells whether there is a member; null is none.
func isThere(member json.RawMessage) bool { return len(member) > 0 && string(member) != "null" }

// text reads a member that is text; anything else is as good as absent.
func text(member json.RawMessage, into *string) {
	if json.Unmarshal(member, into) != nil {
		*into = ""
	}
}

func parseRedirects(member json.RawMessage, schemes []string) ([]string, *Error) {
	var all []json.RawMessage
	if json.Unmarshal(member, &all) != nil || len(all) == 0 {
		return nil, badDocument("must have redirect_uris with at least one entry")
	}
	var good []string
	problem := ""
	for i, raw := range all {
		var r string
		text(raw, &r)
		switch p := checkRedirect(r, schemes); {
		case p == "" && !slices.Contains(good, r):
			good = append(good, r)
		case p != "" && problem == "":
			problem = fmt.Sprintf("redirect %d of %d: %s", i+1, len(all), p)
		}
	}
	if len(good) == 0 {
		return nil, badDocument("has no redirect that is served here; %s", problem)
	}
	return good, nil
}

package provider

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// What relying parties sign in with.
const (
	ClientID       = "gateway" // a confidential client
	ClientSecret   = "sandbox-client-secret"
	PublicClientID = "demo-app" // a client without a secret
)

// client is who asks for a sign-in.
type client struct {
	id, name string
	secret   string // empty: a public client
}

func clients() map[string]client {
	return map[string]client{
		ClientID:       {ClientID, "Clerk Chat MCP gateway", ClientSecret},
		PublicClientID: {PublicClientID, "Demo app", ""},
	}
}

// mayRedirect allows any http URL of this machine, and the URLs that a setting names, exactly.
func mayRedirect(redirect string, allowed []string) bool {
	if slices.Contains(allowed, redirect) {
		return true
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	return netx.IsLoopback(u.Hostname())
}

// identify finds the client of a form that was posted and checks its secret (RFC 6749 §2.3.1).
func (p *Provider) identify(r *http.Request) (client, *failure) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		if secret != "" {
			return client{}, invalidRequest("the client secret is given twice; send it in the header or in the body")
		}
		name, err := url.QueryUnescape(user)
		if err != nil || id != "" && id != name {
			return client{}, invalidClient()
		}
		if secret, err = url.QueryUnescape(password); err != nil {
			return client{}, invalidClient()
		}
		id = name
	} else if r.Header.Get("Authorization") != "" {
		return client{}, invalidClient()
	}
	c, known := p.clients[id]
	if !known || !same(secret, c.secret) {
		return client{}, invalidClient()
	}
	return c, nil
}

// same compares digests, so that the time it takes tells nothing of what is expected.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// maxDocument is the largest metadata document or JWK set in bytes.
const maxDocument = 1 << 20

const maxRedirects = 3

// issuer fetches what an authorization server publishes. One fetch runs at a time.
type issuer struct {
	client   *http.Client
	id       string
	announce []string // what its metadata may call it
	keysURL  string   // "" until discovered
	fixed    bool     // keysURL was given
	found    string   // what its metadata calls it; "" until discovered
}

func newIssuer(client *http.Client, id, keysURL string) *issuer {
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	c := netx.NewClient(base, netx.Bounds{Timeout: fetchTimeout, MaxBody: maxDocument, CheckRedirect: checkRedirect})
	c.Jar = client.Jar
	i := &issuer{client: c, id: id, announce: []string{id}, keysURL: keysURL, fixed: keysURL != ""}
	if template, ok := identity.TenantTemplate(id); ok && template != id {
		i.announce = append(i.announce, template)
	}
	return i
}

// keys fetches the issuer's keys and finds out first where they are. They belong to the issuer that
// the metadata announces.
func (i *issuer) keys(ctx context.Context) (Keys, error) {
	if i.keysURL == "" {
		if err := i.discover(ctx); err != nil {
			return Keys{}, err
		}
	}
	data, err := i.get(ctx, i.keysURL)
	if err == nil {
		var keys Keys
		if keys, err = parseKeys(data); err == nil {
			if i.found != "" {
				for n := range keys.keys {
					keys.keys[n].issuers = append(keys.keys[n].issuers, i.found)
				}
			}
			return keys, nil
		}
		err = fmt.Errorf("%s: %w", i.keysURL, err)
	}
	if !i.fixed {
		i.keysURL = "" // they may have moved
	}
	return Keys{}, err
}

// discover finds the JWK set by the issuer's metadata.
func (i *issuer) discover(ctx context.Context) error {
	m, problems := netx.Discover(ctx, i.client, identity.MetadataIssuer(i.id), i.announce, func(address string, m *netx.Metadata) error {
		if netx.CheckURL(m.KeysURL) != nil {
			return fmt.Errorf("%s: the metadata has no usable jwks_uri", netx.ShownURL(address))
		}
		return nil
	})
	if m == nil {
		return errors.Join(problems...)
	}
	i.keysURL, i.found = m.KeysURL, m.Issuer
	return nil
}

func (i *issuer) get(ctx context.Context, address string) ([]byte, error) {
	got, err := netx.Get(ctx, i.client, address)
	if errors.Is(err, netx.ErrTooLarge) {
		return nil, fmt.Errorf("%s: the answer is larger than %d bytes", netx.ShownURL(address), maxDocument)
	}
	if err != nil {
		return nil, &unanswered{address, err}
	}
	if got.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", netx.ShownURL(address), got.Status)
	}
	return got.Body, nil
}

// unanswered says that an address gave no answer, in a word: what net/http says quotes whatever was
// answered.
type unanswered struct {
	address string
	cause   error
}

func (e *unanswered) Error() string {
	why := netx.Cause(e.cause)
	if redirect, ok := errors.AsType[redirectError](e.cause); ok {
		why = redirect.Error()
	}
	return "asked at " + netx.ShownURL(e.address) + ": " + why
}

func (e *unanswered) Unwrap() error { return e.cause }

// redirectError says why a redirect is not followed, in our words.
type redirectError struct{ error }

func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return redirectError{fmt.Errorf("more than %d redirects", maxRedirects)}
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return redirectError{errors.New("redirected away from https")}
	}
	if err := netx.CheckURL(req.URL.String()); err != nil {
		return redirectError{err}
	}
	return nil
}

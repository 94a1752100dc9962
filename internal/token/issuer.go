package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// keys fetches the issuer's keys and finds out first where they are. They belong to the issuer that the metadata announces.
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

// discover finds the JWK set by the issuer's metadata: RFC 8414 §3.1 first, then OpenID Connect Discovery §4.1.
func (i *issuer) discover(ctx context.Context) error {
	var errs []error
	for _, address := range metadataURLs(identity.MetadataIssuer(i.id)) {
		err := i.metadata(ctx, address)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (i *issuer) metadata(ctx context.Context, address string) error {
	data, err := i.get(ctx, address)
	if err != nil {
		return err
	}
	var m struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	switch err := json.Unmarshal(withoutBOM(data), &m); {
	case err != nil:
		return fmt.Errorf("%s: the metadata is not valid JSON", address)
	case !slices.Contains(i.announce, m.Issuer): // RFC 8414 §3.3
		return fmt.Errorf("%s: the metadata is of another issuer than %s; they must be the same to the letter, and it says %s", address, i.id, plausible(m.Issuer))
	case checkURL(m.KeysURL) != nil:
		return fmt.Errorf("%s: the metadata has no usable jwks_uri", address)
	}
	i.keysURL, i.found = m.KeysURL, m.Issuer
	return nil
}

// metadataURLs are where an issuer's metadata may be. With a path, RFC 8414 puts the well-known name before it and OpenID
// Connect behind it.
func metadataURLs(id string) []string {
	u, err := url.Parse(id)
	if err != nil {
		return nil // checked when the verifier was made
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	return []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	}
}

func (i *issuer) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := i.client.Do(req)
	if err != nil {
		return nil, &unanswered{address, err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", netx.ShownURL(address), resp.StatusCode)
	}
	data, err := io.ReadAll(resp.Body)
	if errors.Is(err, netx.ErrTooLarge) {
		return nil, fmt.Errorf("%s: the answer is larger than %d bytes", netx.ShownURL(address), maxDocument)
	}
	if err != nil {
		return nil, &unanswered{address, err}
	}
	return data, nil
}

// unanswered says that an address gave no answer, in a word: what net/http says quotes whatever was answered.
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
	if err := checkURL(req.URL.String()); err != nil {
		return redirectError{err}
	}
	return nil
}

// checkURL takes https, and http on this machine: whoever can change an answer on the way would choose the keys.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("give an absolute https URL without user name or fragment, such as https://login.example.com")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http" || !netx.IsLoopback(u.Hostname()):
		return errors.New("must be https: over plain http anybody on the way could put in keys of their own")
	}
	return nil
}

package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// The ways in which the gateway says at a token endpoint which client it is (OpenID Connect Core
// §9).
const (
	// AuthAuto goes by what the server announces, and finds out where it announces several.
	AuthAuto = "auto"
	// AuthBasic sends the secret in a header, AuthPost in the body, AuthNone none at all.
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
)

// checkClientAuth gives the method to use, and says what is wrong with it.
func checkClientAuth(method, secret string) (string, error) {
	switch method {
	case "", AuthAuto:
		return AuthAuto, nil
	case AuthBasic, AuthPost:
		if secret == "" {
			return method, fmt.Errorf("upstream: client authentication %s: needs a client secret", method)
		}
	case AuthNone:
		if secret != "" {
			return method, errors.New("upstream: client authentication none: the client secret would not be used; leave it out")
		}
	default:
		return method, fmt.Errorf("upstream: client authentication %q: give %s, %s, %s or %s", method, AuthAuto, AuthBasic, AuthPost, AuthNone)
	}
	return method, nil
}

// tokenClient is what the gateway is to a token endpoint.
type tokenClient struct {
	http       *http.Client
	id, secret string
	method     string // one of the constants, "" for AuthAuto
	// settings name what an operator can change about it.
	settings clientSettings
	// works is the method that the server took where it announces several, for as long as the
	// process lives.
	works *atomic.Pointer[string]
}

type clientSettings struct{ id, secret, method string }

var providerSettings = clientSettings{
	setting.OIDCClientID, setting.OIDCClientSecret, setting.OIDCClientAuth,
}

func newTokenClient(client *http.Client, id, secret, method string, settings clientSettings) tokenClient {
	return tokenClient{client, id, secret, method, settings, new(atomic.Pointer[string])}
}

// methods are what to try, in this order. The second is only for a server that may mean it: many
// clients are registered for one method at a server that announces several, and it says
// invalid_client to every other.
func (c tokenClient) methods(announced []string) []string {
	switch {
	case c.method != "" && c.method != AuthAuto:
		return []string{c.method}
	case c.secret == "":
		return []string{AuthNone}
	case len(announced) > 0 && !slices.Contains(announced, AuthBasic):
		return []string{AuthPost}
	case len(announced) > 0 && !slices.Contains(announced, AuthPost):
		return []string{AuthBasic}
	}
	if works := c.works.Load(); works != nil && *works == AuthPost {
		return []string{AuthPost, AuthBasic}
	}
	return []string{AuthBasic, AuthPost}
}

// redeem asks a token endpoint, once but for a client that it does not know: what is sent is good
// for one use, and a server that refuses the client has looked at nothing else. announced are the
// methods by which clients may say who they are; none if the server did not tell. Errors are
// errInvalidGrant, errInvalidRequest, [ErrUnavailable] and others, none with a word of what was
// sent, or with a text that was answered.
func (c tokenClient) redeem(ctx context.Context, address string, announced []string, form url.Values) (*tokens, error) {
	methods := c.methods(announced)
	var got *tokens
	var err error
	for _, method := range methods {
		if got, err = c.post(ctx, address, method, maps.Clone(form)); !isInvalidClient(err) {
			if err == nil && len(methods) > 1 {
				c.works.Store(&method)
			}
			return got, err
		}
	}
	var e *unknownError
	if errors.As(err, &e) {
		e.detail = c.advice(methods)
	}
	return nil, err
}

func isInvalidClient(err error) bool {
	var e *unknownError
	return errors.As(err, &e) && e.reason == invalidClient
}

func (c tokenClient) advice(tried []string) string {
	switch {
	case c.secret == "":
		return "the provider does not know the client, or wants a secret: see " + c.settings.id + " and " + c.settings.secret
	case len(tried) > 1:
		return fmt.Sprintf("%s and %s were both refused: is %s the secret of the client %s, and what does the client's registration say of its "+
			"authentication? %s sets it", tried[0], tried[1], c.settings.secret, c.settings.id, c.settings.method)
	}
	return fmt.Sprintf("%s was refused: is %s the secret of the client %s, and is it registered for another method? %s sets it",
		tried[0], c.settings.secret, c.settings.id, c.settings.method)
}

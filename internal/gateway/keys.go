package gateway

import (
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// What keys are derived for. A purpose is never used twice and never changed: sealed values would
// no longer open.
const (
	purposeSessionID      = "session id"
	purposeSessionSubject = "session subject"
	purposeAccessToken    = "access token"
	purposeRefreshToken   = "refresh token"
	purposeGrant          = "grant"
	purposeExchange       = "exchange"
	purposeConsent        = "consent"
	purposeClientID       = "client id"
	purposeClientSecret   = "client secret"
	purposeBrowser        = "browser session"
	purposeRequest        = "authorization request"
	purposeCSRF           = "csrf"
	purposeLimit          = "limit"
	purposeLinkedKey      = "linked key"
	purposeOnce           = "once"
	purposeTenant         = "tenant"
	purposeDocument       = "client metadata document"
)

func newKeyring(cfg *config.Config) (*seal.Keyring, error) {
	keys, err := keyringOf(cfg.Secrets)
	if err != nil {
		return nil, fmt.Errorf(setting.Secrets+": %w", err)
	}
	return keys, nil
}

func keyringOf(list []config.Secret) (*seal.Keyring, error) {
	secrets := make([][]byte, len(list))
	for i, s := range list {
		secrets[i] = []byte(s.Reveal())
	}
	return seal.New(secrets...)
}

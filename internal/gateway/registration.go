package gateway

import (
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// registrationKeys puts what registered clients are known by into the authorization server's keys.
// A registration never expires, so these keys have a list of their own, in which a secret may stay
// that nothing else derives from any more.
func registrationKeys(cfg *config.Config, general *seal.Keyring, into *authserver.Keys) error {
	ring := general
	if len(cfg.RegistrationSecrets) > 0 {
		var err error
		if ring, err = keyringOf(cfg.RegistrationSecrets); err != nil {
			return fmt.Errorf(setting.RegistrationSecrets+": %w", err)
		}
	}
	into.ClientID, into.ClientSecret = ring.Sealer(purposeClientID), ring.MAC(purposeClientSecret)
	return nil
}

package gateway

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// readClients reads the operator's list of clients, nil without one, and checks what only the other
// settings can tell.
func readClients(cfg *config.Config) (*authserver.ClientList, error) {
	if cfg.OAuthClients == "" {
		return nil, nil
	}
	data, err := os.ReadFile(cfg.OAuthClients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting.OAuthClients, err)
	}
	clients, err := authserver.ParseClients(data)
	if err == nil {
		err = clients.CheckSoftware(issuerURL(cfg).String(), []string{
			mcpadapter.ScopeReadMessages, mcpadapter.ScopeSendMessages, mcpadapter.ScopeWriteContacts, mcpadapter.ScopeSendCampaigns,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting.OAuthClients, err)
	}
	// The others show the REST API something that a person has signed in or entered.
	if id := clients.SoftwareID(); id != "" && cfg.ClerkCredential != "api-key" {
		return nil, fmt.Errorf("%s: client %q has client_credentials, so there is no person behind its calls, and "+setting.ClerkCredential+
			" %s needs one; set that to api-key, or give client_credentials to no client", setting.OAuthClients, id, cfg.ClerkCredential)
	}
	return clients, nil
}

var errSoftwareOver = errors.New("the client may not act for itself any more")

// narrowSoftware tells whether a caller is a client that acts for itself, which nobody signed in.
// It is what the list of clients says of it by now: one that is not in there any more is refused,
// and one whose scopes became fewer has those.
func (l *login) narrowSoftware(caller *identity.Caller) (isSoftware bool, err error) {
	if caller.Subject != authserver.SoftwareSubject(l.issuer, caller.ClientID) {
		return false, nil
	}
	scopes, ok := l.clients.Software(caller.ClientID)
	if !ok {
		return true, grantOver(errSoftwareOver)
	}
	caller.Scopes = slices.DeleteFunc(slices.Clone(caller.Scopes), func(s string) bool { return !slices.Contains(scopes, s) })
	return true, nil
}

package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// All three ways in which a client can be known lead to all seven tools, whichever replica a
// request comes to.
func TestEveryKindOfClientSignsInAndCallsEveryTool(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clients.json")
	list := `{"clients":[{"client_id":"warehouse-bot","client_secret":"warehouse-secret-of-32-characters","client_name":"Warehouse bot",` +
		`"redirect_uris":["` + clientRedirect + `"]}]}`
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	ways := map[string]auth.AuthorizationCodeHandlerConfig{
		"metadata document": {ClientIDMetadataDocumentConfig: &auth.ClientIDMetadataDocumentConfig{URL: documentURL}},
		"registration": {DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{ClientName: "SDK", RedirectURIs: []string{clientRedirect}},
		}},
		"registered before": {PreregisteredClient: &oauthex.ClientCredentials{
			ClientID: "warehouse-bot", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: "warehouse-secret-of-32-characters"},
		}},
	}
	for name, way := range ways {
		for era, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
			t.Run(name+", "+era, func(t *testing.T) {
				world := signIn(t, "login", func(c *config.Config) { c.OAuthClients = file })
				session := world.connectAs(t, "/mcp", version, way)
				contact := ""
				for _, c := range everyTool() {
					if _, wants := c.Arguments.(map[string]any)["contact_id"]; wants {
						c.Arguments.(map[string]any)["contact_id"] = contact
					}
					result, err := session.CallTool(t.Context(), c)
					if err != nil || result.IsError {
						t.Fatalf("%s: %+v %v", c.Name, result, err)
					}
					if c.Name == "create_contact" {
						contact, _ = result.StructuredContent.(map[string]any)["id"].(string)
					}
				}
			})
		}
	}
}

func TestAClientWithoutADocumentIsNotServed(t *testing.T) {
	t.Parallel()
	world := signIn(t, "login", nil)
	a := world.do(t, http.MethodGet, "/oauth/authorize?response_type=code&client_id=https%3A%2F%2Fother.example%2Fmetadata.json"+
		"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback&code_challenge=x&code_challenge_method=S256", "")
	if a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
		t.Errorf("%d %s", a.status, a.header)
	}
}

func everyTool() []*mcp.CallToolParams {
	type arguments = map[string]any
	return []*mcp.CallToolParams{
		{Name: "send_message", Arguments: arguments{
			"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": "See you at 2pm",
		}},
		{Name: "get_messages", Arguments: arguments{}},
		{Name: "create_contact", Arguments: arguments{"name": "Jane"}},
		{Name: "update_contact", Arguments: arguments{"contact_id": "", "name": "Jane Smith"}},
		{Name: "delete_contact", Arguments: arguments{"contact_id": ""}},
		{Name: "create_contacts_batch", Arguments: arguments{"contacts": []arguments{{"name": "A"}, {"name": "B"}}}},
		{Name: "create_campaign", Arguments: arguments{
			"sender": "+15551234567", "list_name": "PremiumTierSubscribers", "body": "Sale", "media_urls": []string{},
		}},
	}
}

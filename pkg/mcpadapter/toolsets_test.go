package mcpadapter_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestSelectionsEnableToolsAndScopes(t *testing.T) {
	for name, tt := range map[string]struct {
		selections    []mcpadapter.Selection
		tools, scopes string
	}{
		"none": {
			tools: "send_message get_messages create_contact update_contact delete_contact create_contacts_batch " +
				"create_campaign",
			scopes: "messages:read messages:send contacts:write campaigns:send",
		},
		"a toolset": {
			selections: []mcpadapter.Selection{{Names: []string{"messages"}}},
			tools:      "send_message get_messages", scopes: "messages:read messages:send",
		},
		"a tool": {
			selections: []mcpadapter.Selection{{Names: []string{"create_contact"}}},
			tools:      "create_contact", scopes: "contacts:write",
		},
		"what only reads": {
			selections: []mcpadapter.Selection{{ReadOnly: true}},
			tools:      "get_messages", scopes: "messages:read",
		},
		"what both enable": {
			selections: []mcpadapter.Selection{{Names: []string{"messages", "campaigns"}}, {Names: []string{"contacts", "campaigns"}}},
			tools:      "create_campaign", scopes: "campaigns:send",
		},
		"nothing in common": {
			selections: []mcpadapter.Selection{{Names: []string{"messages"}}, {Names: []string{"contacts"}}},
		},
		"an unknown name": {selections: []mcpadapter.Selection{{Names: []string{"sms"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			tools, scopes := mcpadapter.Enabled(tt.selections...)
			if got := strings.Join(tools, " "); got != tt.tools {
				t.Errorf("tools %q, want %q", got, tt.tools)
			}
			if got := strings.Join(scopes, " "); got != tt.scopes {
				t.Errorf("scopes %q, want %q", got, tt.scopes)
			}
		})
	}
}

func TestSelectionsNameWhatIsUnknown(t *testing.T) {
	s := mcpadapter.Selection{Names: []string{"messages", "sms", "create_contact", "Messages"}}
	if got := strings.Join(s.Unknown(), " "); got != "sms Messages" {
		t.Errorf("unknown are %q, want sms and Messages", got)
	}
	if got := (mcpadapter.Selection{Names: mcpadapter.Selectable()}).Unknown(); len(got) > 0 {
		t.Errorf("unknown are %q, all of which can be selected", got)
	}
}

func TestToolsetsHaveOneSpelling(t *testing.T) {
	for list, want := range map[string]string{
		"messages":                    "messages",
		"contacts,messages":           "messages,contacts",
		"campaigns contacts+messages": "messages,contacts,campaigns",
		"messages/messages;contacts":  "messages,contacts",
		"":                            "",
		",":                           "",
		"messages,sms":                "",
		"Messages":                    "",
	} {
		t.Run(list, func(t *testing.T) {
			names, ok := mcpadapter.CanonicalToolsets(list)
			if got := strings.Join(names, ","); got != want || ok != (want != "") {
				t.Errorf("spelled %q (%v), want %q", got, ok, want)
			}
		})
	}
}

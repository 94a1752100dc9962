package gateway_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

const (
	messages  = "get_messages send_message"
	contacts  = "create_contact create_contacts_batch delete_contact update_contact"
	campaigns = "create_campaign"
)

// listed are the names of the tools that a session is offered, in order.
func listed(t *testing.T, s *mcp.ClientSession) string {
	t.Helper()
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// together are lists of names as one.
func together(lists ...string) string {
	names := strings.Fields(strings.Join(lists, " "))
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestAnEndpointOffersTheToolsOfItsPath(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	for path, want := range map[string]string{
		"":                                   together(messages, contacts, campaigns),
		"/":                                  together(messages, contacts, campaigns),
		"/mcp":                               together(messages, contacts, campaigns),
		"/mcp/readonly":                      "get_messages",
		"/mcp/readonly/":                     "get_messages",
		"/mcp/x/messages":                    messages,
		"/mcp/x/contacts":                    contacts,
		"/mcp/x/campaigns":                   campaigns,
		"/mcp/x/messages,contacts":           together(messages, contacts),
		"/mcp/x/messages,campaigns":          together(messages, campaigns),
		"/mcp/x/contacts,campaigns/":         together(contacts, campaigns),
		"/mcp/x/messages/readonly":           "get_messages",
		"/mcp/x/messages,contacts,campaigns": together(messages, contacts, campaigns),
		"/mcp/x/messages,contacts,campaigns/readonly": "get_messages",
	} {
		for _, version := range []string{"2025-11-25", ""} {
			s, err := connect(t, base+path, "", version)
			if err != nil {
				t.Errorf("%s %s: %v", path, version, err)
				continue
			}
			if got := listed(t, s); got != want {
				t.Errorf("%s %s offers %q, want %q", path, version, got, want)
			}
		}
	}
}

func TestAToolOfAnotherEndpointIsAnUnknownTool(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	call := func(tool, version, meta string) answer {
		return request(t, http.MethodPost, base+"/mcp/x/messages",
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":{"contact_id":"1"},`+meta+`}}`,
			"Content-Type", "application/json", "Mcp-Protocol-Version", version, "Mcp-Method", "tools/call", "Mcp-Name", tool)
	}
	for version, meta := range map[string]string{"2025-11-25": `"_meta":{}`, "2026-07-28": meta} {
		other, none := call("delete_contact", version, meta), call("delete_nothing", version, meta)
		if other.status != none.status || other.body != strings.ReplaceAll(none.body, "delete_nothing", "delete_contact") ||
			!strings.Contains(other.body, "-32602") {
			t.Errorf("%s: %d %s, but of one that does not exist %d %s", version, other.status, other.body, none.status, none.body)
		}
	}
}

func TestAnotherSpellingIsToldTheRightOne(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	for path, want := range map[string]string{
		"/mcp/x/contacts,messages":          "These tools are at /mcp/x/messages,contacts.",
		"/mcp/x/messages,messages":          "These tools are at /mcp/x/messages.",
		"/mcp/x/Messages":                   "These tools are at /mcp/x/messages.",
		"/mcp/x/messages%2Ccontacts":        "These tools are at /mcp/x/messages,contacts.",
		"/mcp/x/contacts,messages/readonly": "These tools are at /mcp/x/messages,contacts/readonly.",
		"/mcp/x/messages/contacts":          "These tools are at /mcp/x/messages,contacts.",
		"/mcp/Readonly":                     "These tools are at /mcp/readonly.",
		"/mcp/x/contacts/readonly":          "this server has no tools for it",
		"/mcp/x/message":                    "/mcp/x/TOOLSETS[/readonly], TOOLSETS being messages,contacts,campaigns in that order.",
		"/mcp/x/":                           "/mcp/x/TOOLSETS[/readonly], TOOLSETS being messages,contacts,campaigns in that order.",
		"/mcp/x/<script>":                   "/mcp/x/TOOLSETS[/readonly], TOOLSETS being messages,contacts,campaigns in that order.",
		"/mcp/sse":                          "/mcp/x/TOOLSETS[/readonly], TOOLSETS being messages,contacts,campaigns in that order.",
	} {
		a := request(t, http.MethodPost, base+path, ping, "Content-Type", "application/json")
		var m struct{ Error struct{ Message string } }
		decode(t, a.body, &m)
		if a.status != http.StatusNotFound || !strings.Contains(m.Error.Message+"\n", want) || strings.Contains(a.body, "script") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestSettingsAreTheUpperBoundOfEveryEndpoint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*config.Config)
		want map[string]string // "" is not an endpoint
	}{
		"toolset and tool": {
			func(c *config.Config) { c.Tools = []string{"messages", "create_contact"} },
			map[string]string{
				"/": "create_contact get_messages send_message", "/mcp": "create_contact get_messages send_message", "/mcp/readonly": "get_messages",
				"/mcp/x/contacts": "create_contact", "/mcp/x/contacts,campaigns": "create_contact", "/mcp/x/campaigns": "",
			},
		},
		"read only": {
			func(c *config.Config) { c.ReadOnly = true },
			map[string]string{"/": "get_messages", "/mcp/x/messages": "get_messages", "/mcp/x/contacts": "", "/mcp/readonly": "get_messages"},
		},
		"what only writes": {
			func(c *config.Config) { c.Tools = []string{"send_message"} },
			map[string]string{"/mcp": "send_message", "/mcp/x/messages": "send_message", "/mcp/readonly": "", "/mcp/x/messages/readonly": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			tt.edit(&cfg)
			base := run(t, cfg)
			for path, want := range tt.want {
				if want == "" {
					if a := request(t, http.MethodPost, base+path, ping, "Content-Type", "application/json"); a.status != http.StatusNotFound {
						t.Errorf("%s: %d %s", path, a.status, a.body)
					}
					continue
				}
				s, err := connect(t, base+path, "", "")
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if got := listed(t, s); got != want {
					t.Errorf("%s offers %q, want %q", path, got, want)
				}
			}
		})
	}
}

func TestSettingsThatLeaveNoToolOrNameNoneAreProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tools    []string
		readOnly bool
		want     string
	}{
		"a name":  {[]string{"messages", "sms"}, false, `no toolset or tool "sms"; choose from messages, contacts, campaigns, send_message`},
		"nothing": {[]string{"contacts"}, true, "leaves no tool"},
	} {
		cfg := valid(t)
		cfg.Tools, cfg.ReadOnly = tt.tools, tt.readOnly
		if all := strings.Join(gateway.Problems(&cfg), "\n"); !strings.Contains(all, "--tools (GATEWAY_TOOLS): ") || !strings.Contains(all, tt.want) {
			t.Errorf("%s: the problems are %q", name, all)
		}
	}
}

func TestASessionIsGoodAtEveryEndpoint(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	s, err := connect(t, base+"/mcp", "", "2025-11-25")
	if err != nil {
		t.Fatal(err)
	}
	a := request(t, http.MethodPost, base+"/mcp/readonly", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
		"Content-Type", "application/json", "Mcp-Session-Id", s.ID())
	var m struct {
		Result struct{ Tools []json.RawMessage }
	}
	decode(t, a.body, &m)
	if a.status != http.StatusOK || len(m.Result.Tools) != 1 {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

func TestAPageIsAboutItsEndpoint(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	for path, own := range map[string]string{"/": "/mcp", "/mcp/readonly": "/mcp/readonly", "/mcp/x/messages,contacts": "/mcp/x/messages,contacts"} {
		page := request(t, http.MethodGet, base+path, "", "Accept", "text/html")
		if page.status != http.StatusOK || !strings.Contains(page.body, "claude mcp add --transport http clerk-chat "+base+own+"<") {
			t.Errorf("%s: %d, and the page does not say how to connect to it", path, page.status)
		}
		if writes := strings.Contains(page.body, `<code class="tool-name">send_message</code>`); writes != (own != "/mcp/readonly") {
			t.Errorf("%s: the page shows send_message: %v", path, writes)
		}
		if path == "/" && !strings.Contains(page.body, "<code>"+base+"/mcp/readonly</code>") {
			t.Error("the page does not tell of the other endpoints")
		}
	}
}

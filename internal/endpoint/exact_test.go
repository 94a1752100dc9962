package endpoint_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
)

// The SDK sees of params what their method needs, in the one shape in which it reads it.
func TestTheSDKSeesParamsAsTheyWereChecked(t *testing.T) {
	for _, tt := range []struct{ method, params, want string }{
		{"ping", ``, ``},
		{"no/such", ``, ``},
		{"ping", `{"x":1}`, `{}`},
		{"tools/list", ``, `{}`},
		{"tools/list", `{"cursor":"","Cursor":5,"_meta":{"a":"<&>"}}`, `{"_meta":{"a":"<&>"},"cursor":""}`},
		{"tools/call", `{"name":"a","arguments":[ ],"x":1}`, `{"arguments":{},"name":"a"}`},
		{"tools/call", `{"name":"a","arguments":{"b":1},"inputResponses":{},"requestState":"s"}`,
			`{"arguments":{"b":1},"inputResponses":{},"name":"a","requestState":"s"}`},
		{"tools/call", `{"name":"a","arguments":null,"inputResponses":null,"requestState":null}`, `{"name":"a"}`},
		{"prompts/get", `{"name":"a","arguments":{"b":"c"}}`, `{"arguments":{"b":"c"},"name":"a"}`},
		{"prompts/get", `{"name":"a","arguments":[]}`, `{"arguments":{},"name":"a"}`},
		{"prompts/get", `{"name":"a","arguments":null}`, `{"name":"a"}`},
		{"resources/read", `{"uri":"a:b"}`, `{"uri":"a:b"}`},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a","uri":"x"},"argument":{"name":"b","value":"c","x":1},"context":{"arguments":{"d":"e"},"x":1}}`,
			`{"argument":{"name":"b","value":"c"},"context":{"arguments":{"d":"e"}},"ref":{"name":"a","type":"ref/prompt"}}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"a:b","name":5},"argument":{"name":"b","value":""},"context":{}}`,
			`{"argument":{"name":"b","value":""},"context":{"arguments":{}},"ref":{"type":"ref/resource","uri":"a:b"}}`},
		{"logging/setLevel", `{"level":"emergency"}`, `{"level":"emergency"}`},
		{"subscriptions/listen", `{"notifications":{}}`, `{"notifications":{}}`},
		{"subscriptions/listen", `{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourcesListChanged":null,"resourceSubscriptions":["a"],"x":1}}`,
			`{"notifications":{"promptsListChanged":false,"resourceSubscriptions":["a"],"toolsListChanged":true}}`},
		{"subscriptions/listen", `{"notifications":{"resourceSubscriptions":null}}`, `{"notifications":{}}`},
		{"notifications/cancelled", `{"requestId":"a","reason":"b"}`, `{"reason":"b","requestId":"a"}`},
		{"notifications/cancelled", `{"requestId":5,"reason":null}`, `{"requestId":5}`},
		{"notifications/progress", `{"progressToken":1,"progress":0.5,"total":2,"message":"m"}`, `{"message":"m","progress":0.5,"progressToken":1,"total":2}`},
		// What a client says of itself is noted as far as it can be read.
		{"initialize", `{}`, `{"capabilities":{}}`},
		{"initialize", `{"protocolVersion":5,"capabilities":5,"clientInfo":5}`, `{"capabilities":{}}`},
		{"initialize", `{"protocolVersion":"v","clientInfo":{}}`, `{"capabilities":{},"protocolVersion":"v"}`},
		{"initialize", `{"clientInfo":{"name":"a","version":1.50,"title":"t","websiteUrl":"w","icons":[]}}`,
			`{"capabilities":{},"clientInfo":{"name":"a","title":"t","version":"1.50","websiteUrl":"w"}}`},
		{"initialize", `{"clientInfo":{"name":null,"version":true,"title":5}}`, `{"capabilities":{},"clientInfo":{"name":"","title":"5","version":""}}`},
		{"initialize", `{"capabilities":{"sampling":{"tools":{},"context":1},"elicitation":{"form":{},"url":false},"roots":{"listChanged":true}}}`,
			`{"capabilities":{"elicitation":{"form":{}},"roots":{"listChanged":true},"sampling":{"context":{},"tools":{}}}}`},
		{"initialize", `{"capabilities":{"sampling":{"listChanged":true},"elicitation":true,"roots":{"listChanged":"true"}}}`,
			`{"capabilities":{"elicitation":{},"roots":{},"sampling":{}}}`},
		{"initialize", `{"capabilities":{"sampling":null,"elicitation":0,"roots":"","tasks":{}}}`, `{"capabilities":{}}`},
		{"initialize", `{"capabilities":{"sampling":false,"elicitation":"false"}}`, `{"capabilities":{}}`},
		{"initialize", `{"capabilities":{"experimental":{"a":1},"extensions":{}}}`, `{"capabilities":{"experimental":{"a":1},"extensions":{}}}`},
		{"initialize", `{"capabilities":{"experimental":null,"extensions":5}}`, `{"capabilities":{}}`},
		{"initialize", `{"capabilities":{"experimental":{"a":1e999},"extensions":[]}}`, `{"capabilities":{}}`},
		{"tools/list", `{"_meta":{"io.modelcontextprotocol/clientInfo":{"name":"a"},"io.modelcontextprotocol/clientCapabilities":true}}`,
			`{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"a","version":""}}}`},
		{"tools/list", `{"_meta":{"io.modelcontextprotocol/clientInfo":5,"a":1}}`, `{"_meta":{"a":1}}`},
		{"tools/list", `{"_meta":null}`, `{}`},
	} {
		var raw json.RawMessage
		if tt.params != "" {
			raw = json.RawMessage(tt.params)
		}
		if got, refused := endpoint.CheckParams(tt.method, raw); got != tt.want || refused != "" {
			t.Errorf("%s %s\n got %s %s\nwant %s", tt.method, tt.params, got, refused, tt.want)
		}
	}
}

func TestParamsOfAnotherShapeAreRefusedInWords(t *testing.T) {
	for _, tt := range []struct{ method, params, want string }{
		{"initialize", ``, "initialize needs params with protocolVersion, capabilities and clientInfo"},
		{"tools/call", ``, "tools/call needs params.name, the name of a tool"},
		{"tools/call", `{"name":null}`, "tools/call needs params.name, the name of a tool"},
		{"prompts/get", ``, "prompts/get needs params.name, the name of a prompt, a string"},
		{"ping", `5`, "params must be an object"},
		{"ping", `{"_meta":5}`, "params._meta must be an object, with numbers no larger than a double holds"},
		{"tools/call", `{"name":"a","requestState":5}`, "params.requestState of tools/call must be the string that this server gave"},
		{"tools/call", `{"name":"a","inputResponses":5}`,
			"params.inputResponses of tools/call must have an answer to each thing that this server asked, under its key"},
		{"tools/list", `{"cursor":"x"}`, "params.cursor of tools/list must be left out: every list of this server is one page"},
		{"prompts/get", `{"name":"a","arguments":{"b":"c","d":5}}`, "params.arguments of prompts/get must be an object whose values are strings"},
		{"prompts/get", `{"name":"a","arguments":5}`, "params.arguments of prompts/get must be an object whose values are strings"},
		{"prompts/get", `{"name":null}`, "params.name of prompts/get must be the name of a prompt, a string"},
		{"resources/read", `{"uri":5}`, "params.uri of resources/read must be the URI of a resource, a string"},
		{"logging/setLevel", `{"level":"loud"}`, "params.level of logging/setLevel must be one of debug, info, notice, warning, error, critical, alert, emergency"},
		{"subscriptions/listen", `{"notifications":{"toolsListChanged":5,"promptsListChanged":true,"resourceSubscriptions":["a"]}}`, "params.notifications of"},
		{"subscriptions/listen", `{"notifications":{"resourceSubscriptions":[5]}}`, "params.notifications of"},
		{"subscriptions/listen", `{"notifications":5}`, "params.notifications of"},
		{"notifications/cancelled", `{"requestId":true}`, "params.requestId of notifications/cancelled must be the id of a request"},
		{"notifications/cancelled", `{"requestId":null}`, "params.requestId of notifications/cancelled must be the id of a request"},
		{"notifications/progress", `{"progressToken":1,"progress":"x"}`, "params.progress of notifications/progress must be a number"},
		{"notifications/progress", `{"progressToken":1,"progress":null}`, "params.progress of notifications/progress must be a number"},
		{"notifications/progress", `{"progressToken":1,"progress":1e999}`, "params.progress of notifications/progress must be a number"},
		{"completion/complete", `{"ref":{"type":"ref/prompt"},"argument":{"name":"b","value":"c"}}`, "params.ref of completion/complete must be an object with type"},
		{"completion/complete", `{"ref":{"type":"x","name":"a"},"argument":{"name":"b","value":"c"}}`, "params.ref of"},
		{"completion/complete", `{"ref":5,"argument":{"name":"b","value":"c"}}`, "params.ref of"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"argument":5}`, "params.argument of"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":5,"value":"c"}}`, "params.argument of"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"b","value":"c"},"context":5}`, "params.context of"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"b","value":"c"},"context":{"arguments":{"d":1}}}`, "params.context of"},
	} {
		var raw json.RawMessage
		if tt.params != "" {
			raw = json.RawMessage(tt.params)
		}
		if got, refused := endpoint.CheckParams(tt.method, raw); got != "" || !strings.HasPrefix(refused, tt.want) {
			t.Errorf("%s %s\n got %s %q\nwant %q", tt.method, tt.params, got, refused, tt.want)
		}
	}
}

func TestAnIDIsPlainIfItReadsAndWritesAlikeEverywhere(t *testing.T) {
	for id, plain := range map[string]bool{
		`""`: true, `"a"`: true, `"<&>"`: true, "\"\x7f\"": true,
		"\"\u0080\"": false, `"ü"`: false, "\"\ufffd\"": false, "\"\xff\"": false, `"a\\b"`: false, `"\u0061"`: false,
		`0`: true, `-1`: true, `40000`: true, `-40000`: true, `3000000000`: true, `9007199254740991`: true, `-9007199254740991`: true,
		`9007199254740992`: false, `-9007199254740992`: false, `9223372036854775808`: false, `-0`: false, `1.0`: false, `1e3`: false,
	} {
		if endpoint.IsPlainID(id) != plain {
			t.Errorf("%s: want %v", id, plain)
		}
	}
}

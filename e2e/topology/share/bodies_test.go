//go:build unix

package share_test

import (
	"fmt"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// largest is the largest body that a gateway takes if nothing else is set, and room what of it is
// for what is repeated.
const (
	largest = 4 << 20
	room    = largest - 1024
)

// fitting repeats an element, separated by commas, as often as there is room.
func fitting(element string) string {
	return strings.TrimSuffix(strings.Repeat(element+",", room/(len(element)+1)), ",")
}

// numbered is like fitting, with elements that differ in their number.
func numbered(format string) string {
	n := room / (len(fmt.Sprintf(format, 9_999_999)) + 1)
	s := list(n, func(i int) string { return fmt.Sprintf(format, i) })
	return s[1 : len(s)-1]
}

// long fills the room with a letter.
func long(letter string) string { return strings.Repeat(letter, room/len(letter)) }

// nested is so many objects within each other.
func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + `1` + strings.Repeat(`}`, depth)
}

// sendWith is a call of send_message with further arguments.
func sendWith(arguments string) string {
	return rpctest.Call(1, "send_message", `{"sender":"+15551234567",`+arguments+`}`)
}

// What a send that is good otherwise has.
const (
	recipient = `"recipients":["+15559876543"],`
	text      = `"body":"x",`
)

// contactsOf calls create_contacts_batch.
func contactsOf(contacts string) string {
	return rpctest.Call(1, "create_contacts_batch", `{"contacts":[`+contacts+`]}`)
}

// greedy are bodies that cost little to write and might cost much to read, to refuse or to answer.
var greedy = []struct {
	name string
	body func() string
}{
	{"20,000 tools/list", func() string {
		return list(20_000, func(i int) string { return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`, i) })
	}},
	{"1,500 get_messages", func() string { return list(1500, reading) }},
	{"300,000 unknown arguments", func() string { return sendWith(recipient + text + numbered(`"a%d":1`)) }},
	{"1.9 million wrong recipients", func() string { return sendWith(text + `"recipients":[` + fitting(`1`) + `]`) }},
	{"85,000 contacts", func() string { return contactsOf(numbered(`{"name":"c%d","phone":"+15559876543"}`)) }},
	{"4 MB of spaces", func() string { return long(" ") }},

	// Many messages.
	{"many sends", func() string {
		return `[` + numbered(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send_message","arguments":{`+
			`"sender":"+15551234567",`+recipient+`"body":"x"}}}`) + `]`
	}},
	{"many initialize", func() string {
		return `[` + numbered(`{"jsonrpc":"2.0","id":%d,"method":"initialize","params":{"protocolVersion":"2025-03-26",`+
			`"capabilities":{},"clientInfo":{"name":"a","version":"1"}}}`) + `]`
	}},
	{"many unknown methods", func() string { return `[` + numbered(`{"jsonrpc":"2.0","id":%d,"method":"m"}`) + `]` }},
	{"many notifications", func() string { return `[` + fitting(`{"jsonrpc":"2.0","method":"notifications/initialized"}`) + `]` }},
	{"many answers", func() string { return `[` + numbered(`{"jsonrpc":"2.0","id":%d,"result":{}}`) + `]` }},
	{"many elements that are no messages", func() string { return `[` + fitting(`[]`) + `]` }},

	// Many arguments, and many elements of one.
	{"unknown arguments like known ones", func() string { return sendWith(recipient + text + numbered(`"recipient_%d":1`)) }},
	{"one argument many times", func() string { return sendWith(recipient + fitting(`"body":"x"`)) }},
	{"empty recipients", func() string { return sendWith(text + `"recipients":[` + fitting(`""`) + `]`) }},
	{"good recipients", func() string { return sendWith(text + `"recipients":[` + numbered(`"+1555%07d"`) + `]`) }},
	{"media", func() string {
		return sendWith(text + recipient + `"media_urls":[` + numbered(`"https://a.example/%d"`) + `]`)
	}},
	{"inboxes", func() string { return rpctest.Call(1, "get_messages", `{"inbox_ids":[`+numbered(`"%d"`)+`]}`) }},
	{"empty contacts", func() string { return contactsOf(fitting(`{}`)) }},
	{"contacts that are none", func() string { return contactsOf(fitting(`1`)) }},
	{"contacts with unknown fields", func() string { return contactsOf(fitting(`{"nam":1}`)) }},
	{"one contact with unknown fields", func() string { return contactsOf(`{"name":"a",` + numbered(`"a%d":1`) + `}`) }},
	{"fields of a contact's data", func() string {
		return rpctest.Call(1, "create_contact", `{"name":"a","data":{`+numbered(`"a%d":1`)+`}}`)
	}},
	{"much beside the arguments", func() string {
		return rpctest.Method(1, "tools/call", `{"name":"get_messages","arguments":{},"_meta":{`+numbered(`"a%d":1`)+`}}`)
	}},

	// Deep ones.
	{"deep arguments", func() string { return rpctest.Call(1, "create_contact", `{"name":"a","data":`+nested(9_000)+`}`) }},
	{"deep parameters", func() string { return rpctest.Method(1, "tools/list", nested(9_000)) }},
	{"deep batches", func() string { return strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) }},
	{"deeper than anything is read", func() string { return long("[") }},

	// Long ones.
	{"spaces before a message", func() string { return long(" ") + rpctest.Method(1, "ping", `{}`) }},
	{"a long text", func() string { return sendWith(recipient + `"body":"` + long("x") + `"`) }},
	{"a text of escapes", func() string { return sendWith(recipient + `"body":"` + long(`\u0001`) + `"`) }},
	{"a text of broken letters", func() string { return sendWith(recipient + `"body":"` + long("\xff") + `"`) }},
	{"a long number", func() string { return sendWith(text + `"recipients":[` + long("1") + `]`) }},
	{"a long recipient", func() string { return sendWith(text + `"recipients":["+` + long("1") + `"]`) }},
	{"a long key", func() string { return sendWith(recipient + text + `"idempotency_key":"` + long("k") + `"`) }},
	{"a long time", func() string { return rpctest.Call(1, "get_messages", `{"start":"`+long("2")+`"}`) }},
	{"a long id", func() string { return `{"jsonrpc":"2.0","id":"` + long("i") + `","method":"tools/list"}` }},
	{"a long method", func() string { return rpctest.Method(1, long("m"), `{}`) }},
	{"a long name of a tool", func() string { return rpctest.Call(1, long("t"), `{}`) }},
	{"a long name of an argument", func() string { return sendWith(recipient + text + `"` + long("b") + `":1`) }},
	{"a long name of a client", func() string {
		return rpctest.Method(1, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"`+long("n")+`","version":"1"}}`)
	}},
	{"5 MB", func() string { return long(" ") + strings.Repeat(" ", 1<<20) }},
}

package mcpadapter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What a person asks for, as the calls that a model makes of it and what it is told.

func TestThreeHundredPeopleOfWhomThreeHaveBadNumbers(t *testing.T) {
	arguments := "{" + rowsOf(300, 7, 8, 250) + "}"
	var sizes []int
	tools, far := newTools(t, creating(t, &sizes))
	refused := call(t, tools, "create_contacts_batch", arguments)
	if !strings.Contains(refused.Result.Text, "\n- contacts[7-8, 250].phone (3 of them) has no country code") || len(far.sent()) > 0 {
		t.Fatalf("%s", refused.Result.Text)
	}
	r := call(t, tools, "create_contacts_batch", strings.Replace(arguments, "{", `{"on_invalid":"skip",`, 1))
	b := resultOf(t, r)
	if r.Result.IsError || b.Created != 297 || b.Skipped != 3 || !slices.Equal(sizes, []int{98, 100, 99}) {
		t.Fatalf("%v: %.500s", sizes, r.Result.Text)
	}
	again := call(t, tools, "create_contacts_batch", `{"contacts":[{"name":"a","phone":"+1 415 555 1234"},{"name":"b","phone":"+14155551235"},{"name":"c"}]}`)
	if resultOf(t, again).Created != 3 {
		t.Errorf("%s", again.Result.Text)
	}
}

func TestTheExamplesOfTheVendorsPageAreOneCallEach(t *testing.T) {
	for tool, arguments := range map[string]string{
		"send_message":   `{"sender":"+15551234567","recipients":["+15559876543"],"body":"Your appointment is confirmed for tomorrow at 2pm"}`,
		"get_messages":   `{"inbox_ids":["5d0e8d03-d09f-47e5-8017-4d00cbf737f4"],"limit":10}`,
		"create_contact": `{"name":"Jane Smith","phone":"+15551234567","email":"jane@example.com"}`,
	} {
		tools, far := newTools(t, answersOf(t))
		if r := call(t, tools, tool, arguments); r.Result.IsError || len(far.sent()) != 1 {
			t.Errorf("%s: %s", tool, r.Result.Text)
		}
	}
}

// Nothing between a client and the tools compares arguments with the schema that is advertised.
func TestSoftFormsPassTheSDK(t *testing.T) {
	tools, far := newTools(t, answersOf(t))
	session := mount(t, "jane", tools.Register)
	for tool, arguments := range map[string]string{
		"send_message":   `{"sender":"+15551234567","recipients":"[\"+15559876543\"]","body":"Hi","toolCallId":"1","media_urls":""}`,
		"get_messages":   `{"limit":"10","inbox_ids":1042}`,
		"delete_contact": `{"contact_id":1042}`,
	} {
		before := len(far.sent())
		r, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
		if err != nil || r.IsError || len(far.sent()) != before+1 {
			t.Errorf("%s: %v, %v", tool, err, fmt.Sprint(r))
		}
	}
}

package mcpadapter_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// workspace makes every call with the key of one workspace.
type workspace struct{ key clerkapi.Credential }

func (w workspace) Credential(context.Context, string) (clerkapi.Credential, error) {
	return w.key, nil
}

func Example() {
	client, err := clerkapi.NewClient(clerkapi.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tools, err := mcpadapter.New(mcpadapter.Options{
		Client:      client,
		Credentials: workspace{clerkapi.APIKey("the key of the workspace")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tool := range tools.Definitions() {
		fmt.Println(tool.Name)
	}
	// Arguments are checked before anything is sent.
	report := tools.Call(context.Background(), mcpadapter.Call{
		Tool:      "send_message",
		Arguments: json.RawMessage(`{"sender": "+1 (555) 123-4567", "recipients": ["555-987-6543"], "text": "Hello"}`),
	})
	fmt.Println(report.Facts.Outcome)
	fmt.Println(report.Result.Text)
	// Output:
	// send_message
	// get_messages
	// create_contact
	// update_contact
	// delete_contact
	// create_contacts_batch
	// create_campaign
	// invalid
	// send_message was not carried out, because its arguments need correcting:
	// - recipients[0] has no country code: write it in international form with + and the country code, such as "+15551234567" (+1 in front of the 10 digits of a US or Canadian number)
	// - body is missing: ask the user; it looks like "Your appointment is confirmed for tomorrow at 2pm"
	// - "text" is not an argument of this tool: did you mean body? It takes sender, recipients, body, media_urls, sent_by_name
}

package mcpadapter

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func createContactTool() *tool {
	return &tool{
		name: "create_contact", operation: "createContact", route: "POST /public/contacts", effect: creates,
		scope: ScopeWriteContacts,
		words: words{
			nothing: "No contact was created.",
			thing:   "the contact",
			done:    "was created",
			unknown: "The contact may have been created.",
			look: "Calling again could make it twice, and no tool here can look it up: have the user check in Clerk Chat " +
				"first.",
		},
		define: defineCreateContact, plan: planCreateContact,
	}
}

func defineCreateContact(s setting) definition {
	return definition{
		title: "Create a contact",
		description: "Adds one contact to the workspace. At least one of name, email and phone must be given. Sends no message " +
			"and costs nothing. Nothing checks whether the person is there already, so the same call twice may make two " +
			"contacts" + when(s.keys, ", unless it has the same idempotency_key") + "." +
			s.told(" For several at once use create_contacts_batch.", "create_contacts_batch") +
			s.told(" To change one use update_contact.", "update_contact") +
			" Keep the id of the result: no tool looks contacts up.",
		input:  closed("", contactProperties()...),
		output: contactSchema(s, "The new contact."),
	}
}

// createContact is the request of create_contact.
type createContact struct {
	body clerkapi.ContactFields
	// formerPhone is the phone as versions before would have sent it, "" if the same.
	formerPhone string
}

func planCreateContact(f *fields, _ time.Time) plan {
	r := &createContact{}
	r.body, r.formerPhone = f.newContact()
	return plan{request: r}
}

func (r *createContact) asked() any { return r.body }

func (r *createContact) formerly() any {
	if r.formerPhone == "" {
		return nil
	}
	body := r.body
	body.Phone = r.formerPhone
	return body
}

func (r *createContact) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	a, err := answerOf(api.Contacts.Create(ctx, &r.body))
	if a.id == "" {
		a.shortfall = "The contact was created, but the answer of Clerk Chat lacks its id. Do not call again: have the user " +
			"look the contact up in Clerk Chat."
	}
	return a, err
}

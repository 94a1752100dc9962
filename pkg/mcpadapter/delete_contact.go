package mcpadapter

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func deleteContactTool() *tool {
	return &tool{
		name: "delete_contact", operation: "deleteContact", route: "DELETE /public/contacts/{id}", effect: sets,
		scope: ScopeWriteContacts,
		words: words{
			nothing: "Nothing was deleted.",
			thing:   "the contact",
			done:    "was deleted",
			unknown: "The contact may have been deleted already.",
			missing: "Either the workspace has no contact with this contact_id (any more), or this Clerk Chat API cannot " +
				"delete contacts, which is not documented for it.",
			notAllowed: "This Clerk Chat API cannot delete contacts: delete it in Clerk Chat itself.",
		},
		define: defineDeleteContact, plan: planDeleteContact,
	}
}

func defineDeleteContact(_ setting) definition {
	return definition{
		title: "Delete a contact",
		description: "Deletes one contact from the workspace for everybody in the team. It cannot be brought back, so have the " +
			"user confirm which contact is meant. Sends no message and costs nothing.",
		hints: hints{destructive: true, idempotent: true},
		input: closed("",
			required("contact_id", text("Id of the contact, from the result of an earlier call or from Clerk Chat.", minLength(1))),
		),
		output: open("What was deleted.",
			required("contact_id", text("Id of the contact.")),
			required("deleted", boolean("Always true: what was not deleted is an error.")),
		),
	}
}

// deleteContact is the request of delete_contact.
type deleteContact struct{ id clerkapi.ID }

func planDeleteContact(f *fields, _ time.Time) plan {
	return plan{request: &deleteContact{f.contactID()}}
}

// deletedContact is the result of delete_contact.
type deletedContact struct {
	ContactID clerkapi.ID `json:"contact_id"`
	Deleted   bool        `json:"deleted"`
}

func (r *deleteContact) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	response, err := api.Contacts.Delete(ctx, r.id)
	return answer{value: deletedContact{r.id, true}, response: response}, err
}

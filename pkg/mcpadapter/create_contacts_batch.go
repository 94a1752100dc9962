package mcpadapter

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

const (
	exampleContacts = `[{"name": "Jane Smith", "phone": "+15551234567"}]`

	// maxContacts bounds one request: an uncertain outcome of more could not be sorted out by anybody.
	maxContacts = 1000
)

func createContactsBatchTool() *tool {
	return &tool{
		name: "create_contacts_batch", operation: "createContacts", route: "POST /public/contacts/batch", effect: creates,
		scope: ScopeWriteContacts,
		words: words{
			nothing: "No contact was created.",
			thing:   "the contacts",
			done:    "were created",
			unknown: "The contacts may have been created, all or some of them.",
			look: "Calling again could make them twice, and no tool here can look them up: have the user check in Clerk " +
				"Chat first.",
		},
		define: defineCreateContactsBatch, plan: planCreateContactsBatch,
	}
}

func defineCreateContactsBatch() definition {
	return definition{
		title: "Create several contacts",
		description: "Adds several contacts to the workspace in one call; each needs at least one of name, email and phone. If " +
			"one has a mistake, none is sent to Clerk Chat and all mistakes are listed. Sends no message and costs nothing. " +
			"The same call twice may make every contact twice. Keep the ids of the result: no tool looks contacts up.",
		input: closed("",
			required("contacts", list("The contacts, each with the fields of create_contact.",
				closed("One contact.", contactProperties()...), minItems(1), maxItems(maxContacts))),
		),
		output: open("The new contacts.",
			required("created", integer("How many contacts were created.", minimum(1))),
			required("contacts", list("The contacts, as Clerk Chat returned them.", contactSchema("One contact."))),
		),
	}
}

// createContacts is the request of create_contacts_batch.
type createContacts struct {
	body clerkapi.CreateContactsRequest
}

func planCreateContactsBatch(f *fields, _ time.Time) plan {
	r := &createContacts{}
	list, given := f.list("contacts", exampleContacts)
	switch {
	case f.absent("contacts"):
		f.requiredMissing("contacts", "a list such as "+exampleContacts)
	case given && len(list) == 0:
		f.add("contacts", "is empty: give at least one contact, such as %s", exampleContacts)
	case len(list) > maxContacts:
		f.add("contacts", "has %d contacts: at most %d go into one call, so make several calls", len(list), maxContacts)
		list = nil
	}
	for i, raw := range list {
		path := "contacts[" + strconv.Itoa(i) + "]"
		if raw[0] != '{' {
			f.add(path, `must be an object such as {"name": "Jane Smith", "phone": "+15551234567"}; %s was given`, kind(raw))
			continue
		}
		c := newFields(path+".", raw, f.problems).newContact()
		r.body.Contacts = append(r.body.Contacts, c)
	}
	return plan{request: r}
}

// createdContacts is the result of create_contacts_batch.
type createdContacts struct {
	Created  int       `json:"created"`
	Contacts []contact `json:"contacts"`
}

func (r *createContacts) asked() any { return r.body }

func (r *createContacts) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	made, response, err := api.Contacts.CreateBatch(ctx, &r.body)
	result := &createdContacts{Created: len(made), Contacts: make([]contact, len(made))}
	for i := range made {
		result.Contacts[i] = contactOf(&made[i])
	}
	a := answer{value: result, response: response}
	if asked := len(r.body.Contacts); len(made) < asked {
		a.shortfall = fmt.Sprintf("Clerk Chat took the request for %d contacts, but its answer names %d of them%s. Which of "+
			"the others were created is not known. Do not send the whole list again, it could make contacts twice: have the "+
			"user check in Clerk Chat which are missing.", asked, len(made), idsOf(made))
	}
	return a, err
}

func idsOf(made []clerkapi.Contact) string {
	const most = 20
	var ids []string
	for i := range made {
		if made[i].ID != "" && len(ids) < most {
			ids = append(ids, string(made[i].ID))
		}
	}
	if len(ids) == 0 {
		return ""
	}
	s := " (ids " + strings.Join(ids, ", ")
	if len(made) > len(ids) {
		s += " and more"
	}
	return s + ")"
}

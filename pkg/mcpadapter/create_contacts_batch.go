package mcpadapter

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

const exampleContacts = `[{"name": "Jane Smith", "phone": "+15551234567"}]`

func createContactsBatchTool(s setting) *tool {
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
			caution: "Leave out of it the contacts that were created with this one: they would be created twice.",
		},
		define: defineCreateContactsBatch, execute: executeBatch,
		plan: func(f *fields, _ time.Time) plan { return planCreateContactsBatch(f, s) },
	}
}

func defineCreateContactsBatch(s setting) definition {
	return definition{
		title: "Create several contacts",
		description: fmt.Sprintf("Adds up to %d contacts to the workspace; each needs at least one of name, email and phone. If one "+
			"has a mistake, none is sent to Clerk Chat and the mistakes are listed. For more contacts call several times. ", s.maxContacts) +
			"Sends no message and costs nothing. Many contacts go to Clerk Chat in parts; the result has the ids in the order given, " +
			"and for whom it did not work. The same call twice may make every contact twice" +
			when(s.keys, ", unless it has the same idempotency_key: then it goes on where the first one stopped") +
			". Keep the ids of the result: no tool looks contacts up.",
		input: closed("",
			required("contacts", list("The contacts"+s.told(", each with the fields of create_contact", "create_contact")+".",
				closed("One contact.", contactProperties()...), minItems(1), maxItems(s.maxContacts))),
			optional("on_invalid", text("skip: contacts with mistakes are reported, and the others created.", oneOf(onInvalidSkip))),
		),
		output: open("What became of each contact.",
			required("created", integer("How many contacts are created, by this call or one before that it repeats.",
				minimum(0))),
			optional("failed", integer("How many certainly were not created, because Clerk Chat refused them.", minimum(1))),
			optional("skipped", integer("How many were skipped for their mistakes, as on_invalid asks.", minimum(1))),
			optional("unknown", integer("How many may have been created.", minimum(1))),
			optional("not_attempted", integer("How many were not tried yet.", minimum(1))),
			optional("problems", list("Why contacts were not created, or why that is not known.", open("A reason.",
				required("result", text("What became of these.",
					oneOf(contactCreated, contactFailed, contactSkipped, contactUnknown, contactNotAttempted))),
				required("first", integer("Position in contacts of the first one it is for, from 0.", minimum(0))),
				required("last", integer("Position of the last one.", minimum(0))),
				required("reason", text("The reason.")),
			))),
			optional("opted_out", list("Positions of contacts that declined messages: do not text them.",
				integer("Position in contacts, from 0.", minimum(0)))),
			required("ids", list("The ids, in the order of contacts; empty for one that was not created. At most "+
				strconv.Itoa(maxIDsShown)+" are shown; note says if there are more.", contactID(s))),
		),
	}
}

// contactBound is how many contacts one call may have.
func (s setting) contactBound() listBound {
	return listBound{s.maxContacts, "contacts: split them over several calls" + when(s.keys, ", each with an idempotency_key of its own")}
}

// match tells for each contact that was asked for what the answer says of it: they come in the
// order in which they were sent, but if there are fewer, or more, only what they hold tells which
// they are.
func (r *createContacts) match(made []clerkapi.Contact) *createdPart {
	part := &createdPart{Contacts: make([]batchContact, len(r.body.Contacts))}
	if len(made) == len(part.Contacts) {
		for i := range made {
			part.Contacts[i] = batchContact{Result: contactCreated, ID: made[i].ID, OptOut: made[i].OptOut}
		}
		return part
	}
	part.Problem = fmt.Sprintf("Clerk Chat took the request for %d contacts, but its answer names %d of them%s.",
		len(part.Contacts), len(made), idsOf(made))
	// An answer that names several times what was asked for is not looked through to its end.
	made = made[:min(len(made), 2*len(part.Contacts))]
	unused := map[likeContact][]int{}
	for j := range made {
		like := likeContact{made[j].Name, made[j].Email, normalAddress(made[j].Phone)}
		unused[like] = append(unused[like], j)
	}
	for i := range part.Contacts {
		part.Contacts[i].Result = contactUnknown
		asked := &r.body.Contacts[i]
		like := likeContact{asked.Name, asked.Email, asked.Phone}
		if found := unused[like]; len(found) > 0 {
			unused[like] = found[1:]
			part.Contacts[i] = batchContact{Result: contactCreated, ID: made[found[0]].ID, OptOut: made[found[0]].OptOut}
		}
	}
	return part
}

// likeContact is what a contact of an answer is told by, with its number in the normal form.
type likeContact struct{ name, email, phone string }

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

package clerkapi

import "net/http"

// operation ties a method of this package to an operation of the OpenAPI document.
type operation struct {
	// id is the operationId in the document.
	id string
	// method and path as the document has them; "{id}" stands for an escaped [ID].
	method, path string
	// name of the Go method.
	name string
}

// The methods take their operation from here.
var (
	opSendMessage    = operation{"sendMessage", http.MethodPost, "/public/messages", "Messages.Send"}
	opFindMessages   = operation{"findMessages", http.MethodGet, "/public/messages", "Messages.Find"}
	opCreateContact  = operation{"createContact", http.MethodPost, "/public/contacts", "Contacts.Create"}
	opCreateContacts = operation{"createContacts", http.MethodPost, "/public/contacts/batch", "Contacts.CreateBatch"}
	opUpdateContact  = operation{"updateContact", http.MethodPut, "/public/contacts/{id}", "Contacts.Update"}
	opDeleteContact  = operation{"deleteContact", http.MethodDelete, "/public/contacts/{id}", "Contacts.Delete"}
	opSearchContacts = operation{"searchContacts", http.MethodGet, "/public/contacts", "Contacts.Search"}
	opCreateCampaign = operation{"createCampaign", http.MethodPost, "/public/campaigns", "Campaigns.Create"}
)

// reads reports whether the operation changes nothing.
func (o operation) reads() bool { return o.method == http.MethodGet }

// idempotent reports whether doing it twice is the same as doing it once (RFC 9110 §9.2.2).
func (o operation) idempotent() bool { return o.method != http.MethodPost }

package clerkapi

// Operation is an entry of the table of operations, for tests.
type Operation struct{ Name, ID, Method, Path string }

// Operations is the table of operations.
func Operations() (list []Operation) {
	for _, op := range []operation{
		opSendMessage, opFindMessages, opCreateContact, opCreateContacts,
		opUpdateContact, opDeleteContact, opSearchContacts, opCreateCampaign,
	} {
		list = append(list, Operation{op.name, op.id, op.method, op.path})
	}
	return list
}

// NewTransport is the transport of a client whose options name none.
var NewTransport = newTransport

// MaxCircuits is how much is remembered of what fails.
const MaxCircuits = maxCircuits

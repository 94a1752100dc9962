package mcpadapter

import (
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

const (
	exampleName      = `"Jane Smith"`
	exampleEmail     = `"jane@example.com"`
	exampleContactID = `"6f1c2d7e"`
)

// newContact returns the fields of a contact to create, and its phone as versions before would have
// sent it, "" if the same. What is blank counts as absent: there is nothing yet that an empty value
// could replace.
func (f *fields) newContact() (c clerkapi.ContactFields, formerPhone string) {
	before := f.problems.total
	c.Name = f.label("name", exampleName)
	if s, _ := f.text("email", exampleEmail); strings.TrimSpace(s) != "" {
		c.Email = f.email(s)
	}
	if s, _ := f.text("phone", exampleSender); strings.TrimSpace(s) != "" {
		a := f.phone(s)
		c.Phone, formerPhone = a.Normal, a.Former
	}
	c.Public = f.boolean("public")
	c.Data = f.object("data")
	f.close()
	if f.problems.total == before && c.Name == "" && c.Email == "" && c.Phone == "" {
		f.add("name, email and phone", "are all missing: give at least one of them")
	}
	return c, formerPhone
}

func (f *fields) email(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case args.IsEmail(s):
	case args.IsBlankMarker(s):
		f.add("email", "stands for no address: leave it out")
	default:
		f.add("email", "is not an e-mail address: give one such as %s", exampleEmail)
	}
	return s
}

func (f *fields) phone(s string) args.Address {
	a, problem := args.ParseAddress(s, args.Phone)
	if problem.Is() {
		f.addProblem("phone", problem)
	}
	return a
}

// contactProperties are the properties of a contact that both create tools take.
func contactProperties() []property {
	return []property{
		optional("name", text("Name.", maxLength(maxLabel), examples("Jane Smith"))),
		optional("email", text("E-mail address.", format("email"), examples("jane@example.com"))),
		optional("phone", text("Phone number in international form.", examples("+15551234567"))),
		optional("public", boolean("Whether everybody in the team sees the contact.")),
		optional("data", freeObject("More about the contact, as key-value pairs.")),
	}
}

// contact is one contact in a result.
type contact struct {
	Note    string         `json:"note,omitzero"`
	ID      clerkapi.ID    `json:"id,omitzero"`
	Name    string         `json:"name,omitzero"`
	Email   string         `json:"email,omitzero"`
	Phone   string         `json:"phone,omitzero"`
	Public  bool           `json:"public"`
	OptOut  bool           `json:"opt_out"`
	Data    map[string]any `json:"data,omitempty"`
	Created time.Time      `json:"created,omitzero"`
	Updated time.Time      `json:"updated,omitzero"`
}

func contactOf(c *clerkapi.Contact) contact {
	return contact{
		ID: c.ID, Name: c.Name, Email: c.Email, Phone: c.Phone, Public: c.Public, OptOut: c.OptOut, Data: c.Data,
		Created: c.Created, Updated: c.Updated,
	}
}

// contactID describes the id of a contact in a result.
func contactID(s setting) *jsonschema.Schema {
	uses := enumerate(s.told("update_contact", "update_contact"), s.told("delete_contact", "delete_contact"))
	return text("Id of the contact" + when(uses != "", ", for "+uses) + ".")
}

func contactSchema(s setting, description string) *jsonschema.Schema {
	return open(description,
		optional("id", contactID(s)),
		optional("name", text("Name.")),
		optional("email", text("E-mail address.")),
		optional("phone", text("Phone number.")),
		required("public", boolean("Whether everybody in the team sees the contact.")),
		required("opt_out", boolean("True once the contact declined messages: do not text it.")),
		optional("data", freeObject("More about the contact, as key-value pairs.")),
		optional("created", text("When it was made.", format("date-time"))),
		optional("updated", text("When it last changed.", format("date-time"))),
	)
}

// answerOf is the answer to a request that returns one contact.
func answerOf(c *clerkapi.Contact, response *clerkapi.Response, err error) (answer, error) {
	if c == nil {
		return answer{response: response}, err
	}
	return answer{value: contactOf(c), response: response, id: string(c.ID)}, err
}

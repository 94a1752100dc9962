package mcpadapter

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// onInvalidSkip is the value of on_invalid that has rows with mistakes skipped.
const onInvalidSkip = "skip"

// batchRow is one contact as it was given.
type batchRow struct {
	fields clerkapi.ContactFields
	// formerPhone is its phone as versions before would have sent it, "" if the same.
	formerPhone string
	// raw and wrong are of a row that is skipped: what was given, and its mistakes.
	raw   json.RawMessage
	wrong string
}

func (r *batchRow) isSkipped() bool { return r.wrong != "" }

// createContacts is the request of create_contacts_batch, or of a part of it: a range of the rows
// as they were given.
type createContacts struct {
	body clerkapi.CreateContactsRequest // the rows that are not skipped
	rows []batchRow
	// first is the position of the first row in the whole list.
	first int
	skip  bool
}

func newCreateContacts(rows []batchRow, first int, skip bool) *createContacts {
	r := &createContacts{rows: rows, first: first, skip: skip}
	for i := range rows {
		if !rows[i].isSkipped() {
			r.body.Contacts = append(r.body.Contacts, rows[i].fields)
		}
	}
	return r
}

// skippingBatch is what is asked for with on_invalid.
type skippingBatch struct {
	Contacts  []any  `json:"contacts"`
	OnInvalid string `json:"on_invalid"`
}

// asked is every row, also those that are skipped: with another one it is another call.
func (r *createContacts) asked() any {
	if !r.skip {
		return r.body
	}
	all := skippingBatch{OnInvalid: onInvalidSkip}
	for i := range r.rows {
		if r.rows[i].isSkipped() {
			all.Contacts = append(all.Contacts, r.rows[i].raw)
		} else {
			all.Contacts = append(all.Contacts, r.rows[i].fields)
		}
	}
	return all
}

func (r *createContacts) formerly() any {
	if r.skip || !slices.ContainsFunc(r.rows, func(row batchRow) bool { return row.formerPhone != "" }) {
		return nil
	}
	body := clerkapi.CreateContactsRequest{Contacts: slices.Clone(r.body.Contacts)}
	for i := range r.rows {
		if was := r.rows[i].formerPhone; was != "" {
			body.Contacts[i].Phone = was
		}
	}
	return body
}

func planCreateContactsBatch(f *fields, s setting) plan {
	list, parsed, given := f.list("contacts", exampleContacts, loneObject, s.contactBound())
	skip := f.onInvalid()
	switch {
	case f.absent("contacts"):
		f.requiredMissing("contacts", exampleContacts)
		return plan{}
	case !given:
		return plan{}
	case args.Count(list) == 0:
		f.add("contacts", "is empty: ask the user whom to add; it looks like %s", exampleContacts)
	}
	rows := make([]batchRow, 0, args.Count(list))
	var wrong, problems problems // of all rows, for the case that none is right, and of one
	if skip {
		problems.most = maxRowProblems
	}
	for i, raw := range args.Elements(list) {
		if wrong.full() && !skip {
			break
		}
		problems.list, problems.total, problems.guesses, problems.unread = problems.list[:0], 0, 0, false
		row := rowOf(raw, parsed, &problems)
		if problems.any() {
			wrong.joinRow("contacts", i, &problems)
			if skip {
				row = batchRow{raw: raw, wrong: problems.sentence()}
			}
		}
		rows = append(rows, row)
	}
	if wrong.any() && (!skip || !slices.ContainsFunc(rows, func(r batchRow) bool { return !r.isSkipped() })) {
		f.problems.merge(&wrong)
	}
	return plan{request: newCreateContacts(rows, 0, skip)}
}

// rowOf reads one contact, and notes what is wrong with it.
func rowOf(raw json.RawMessage, parsed bool, problems *problems) (row batchRow) {
	if !parsed {
		if text := args.JSONText(raw, "{"); text != nil {
			raw = text
		}
	}
	switch {
	case raw[0] != '{':
		problems.addProblem("", args.Problem{One: notAContact(args.Kind(raw))})
	case args.Count(raw) > maxMembers:
		problems.add("", "has %d names, of which a contact has 5: name, email, phone, public and data", args.Count(raw))
	default:
		f := newFields(raw, problems)
		f.inList = true
		row.fields, row.formerPhone = f.newContact()
	}
	return row
}

func notAContact(given string) string {
	return `must be an object such as {"name": "Jane Smith", "phone": "+15551234567"}; ` + given + " was given"
}

// onInvalid tells whether rows with mistakes are to be skipped.
func (f *fields) onInvalid() bool {
	const name = "on_invalid"
	if f.absent(name) {
		return false
	}
	s, given := f.text(name, `"`+onInvalidSkip+`"`)
	if given && s != onInvalidSkip {
		f.add(name, `must be "%s", or left out to create nothing if a contact has a mistake`, onInvalidSkip)
	}
	return s == onInvalidSkip
}

func (r *createContacts) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	if len(r.body.Contacts) == 0 {
		return answer{value: r.expanded(&createdPart{})}, nil
	}
	made, response, err := api.Contacts.CreateBatch(ctx, &r.body)
	a := answer{response: response}
	if err == nil {
		a.value = r.expanded(r.match(made))
	}
	return a, err
}

// expanded puts the rows that were skipped between what became of the others.
func (r *createContacts) expanded(part *createdPart) *createdPart {
	if len(part.Contacts) == len(r.rows) {
		return part
	}
	made := part.Contacts
	part.Contacts = make([]batchContact, len(r.rows))
	for i := range r.rows {
		if r.rows[i].isSkipped() {
			part.Contacts[i].Result = contactSkipped
			continue
		}
		part.Contacts[i], made = made[0], made[1:]
	}
	return part
}

// asGiven makes of the rows that the API names those that the caller gave.
func (r *createContacts) asGiven(message string) string {
	return positionsAsGiven(message, "contacts", func(sent int) (given int, known bool) {
		for i := range r.rows {
			if r.rows[i].isSkipped() {
				continue
			}
			if sent == 0 {
				return r.first + i, true
			}
			sent--
		}
		return 0, false
	})
}

// sentPosition is how the API names an entry of a list of a request.
var sentPosition = regexp.MustCompile(`\b(contacts|recipients)(?:\.|\[|/)([0-9]{1,6})\b\]?`)

// positionsAsGiven replaces the positions in a list that was sent by those in the list that was
// given.
func positionsAsGiven(message, list string, given func(sent int) (int, bool)) string {
	return sentPosition.ReplaceAllStringFunc(message, func(named string) string {
		m := sentPosition.FindStringSubmatch(named)
		sent, err := strconv.Atoi(m[2])
		if err != nil || m[1] != list {
			return named
		}
		position, known := given(sent)
		if !known {
			return named
		}
		return list + "[" + strconv.Itoa(position) + "]"
	})
}

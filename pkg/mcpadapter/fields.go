package mcpadapter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// fields are the members of one JSON object of the arguments. A tool asks for each member that it
// knows and then calls close, which reports the members that nobody asked for. A member that is
// null counts as absent.
type fields struct {
	members  []args.Member
	byName   map[string]json.RawMessage
	known    []string
	inList   bool // of an entry of a list
	keeps    bool // absent members keep what is there
	closed   bool
	problems *problems
}

// parseArguments checks that the arguments are one JSON object and takes it apart. ok is false, and
// a problem noted, if there is nothing to go on with.
func parseArguments(raw json.RawMessage, p *problems) (f *fields, ok bool) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == "null":
		raw = json.RawMessage("{}")
	case !utf8.Valid(raw):
		p.add("the arguments", "are not valid UTF-8: encode them as UTF-8")
		return nil, false
	case !json.Valid(raw):
		p.add("the arguments", "are not valid JSON: give one JSON object")
		return nil, false
	}
	if text := args.JSONText(raw, "{"); text != nil {
		raw = text
	}
	if raw[0] == '[' && args.Count(raw) == 0 {
		raw = json.RawMessage("{}") // some languages write an empty object and an empty list alike
	}
	if raw[0] != '{' {
		p.add("the arguments", "must be one JSON object; %s was given", args.Kind(raw))
		return nil, false
	}
	if n := args.Count(raw); n > maxMembers {
		p.add("the arguments", "have %d names, and no tool takes more than %d: give only those of this tool", n, maxMembers)
		return nil, false
	}
	return newFields(raw, p), true
}

// newFields takes an object of at most maxMembers members apart.
func newFields(object json.RawMessage, p *problems) *fields {
	f := &fields{problems: p}
	f.members = args.Members(object, maxMembers)
	f.byName = make(map[string]json.RawMessage, len(f.members))
	for _, m := range f.members {
		if _, twice := f.byName[m.Name]; twice {
			f.add(quoteName(m.Name), "is there twice: give it once")
			continue
		}
		f.byName[m.Name] = m.Raw
	}
	return f
}

func (f *fields) add(name, format string, values ...any) { f.problems.add(name, format, values...) }

// raw returns a member's value, nil if it is absent or null.
func (f *fields) raw(name string) json.RawMessage {
	if !slices.Contains(f.known, name) {
		f.known = append(f.known, name)
	}
	raw := f.byName[name]
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// close reports the members that were not asked for, the first time it is called, and says once
// what there is.
func (f *fields) close() {
	if f.closed {
		return
	}
	f.closed = true
	type unknown struct{ name, near string }
	var found []unknown
	said := -1 // where the list is said
	for _, m := range f.members {
		if slices.Contains(f.known, m.Name) || !f.inList && bookkeeping[m.Name] {
			continue
		}
		found = append(found, unknown{m.Name, f.meant(m.Name)})
		if last := len(found) - 1; said < 0 && found[last].near == "" {
			said = last
		}
	}
	said = max(said, 0)
	for i, u := range found {
		if f.problems.full() {
			return
		}
		text := "is not an argument of this tool"
		if u.near != "" {
			text += ": did you mean " + u.near + "?"
		}
		switch list := listOf(f.known); {
		case i == said && u.near != "":
			text += " It takes " + list
		case i == said:
			text += ": it takes " + list
		}
		f.addProblem(quoteName(u.name), args.Problem{One: text})
	}
}

func (f *fields) addProblem(name string, p args.Problem) { f.problems.addProblem(name, p) }

// absent reports whether a member is not there, null or "".
func (f *fields) absent(name string) bool { return f.raw(name) == nil || f.isEmpty(name) }

// requiredMissing notes a required member that is not there. An example shows its form, and is
// nobody's wish.
func (f *fields) requiredMissing(name, example string) {
	f.add(name, "is missing: ask the user; it looks like %s", example)
}

// text returns a string as it came. given is false if it is absent, or no string, which is noted.
func (f *fields) text(name, example string) (s string, given bool) {
	raw := f.raw(name)
	if raw == nil {
		return "", false
	}
	return f.asText(name, raw, example)
}

func (f *fields) asText(name string, raw json.RawMessage, example string) (string, bool) {
	if raw[0] != '"' {
		f.add(name, "must be a string such as %s; %s was given", example, args.Kind(raw))
		return "", false
	}
	if len(raw) > maxText {
		f.add(name, "is far too long, with %d KiB: shorten it", len(raw)>>10)
		return "", false
	}
	s, whole := args.Unquote(raw)
	if !whole {
		f.add(name, "holds half of a character (a lone surrogate escape): write the whole character")
		return "", false
	}
	return s, true
}

// requiredText is text for a required member: that it is absent is noted.
func (f *fields) requiredText(name, example string) (string, bool) {
	if f.raw(name) == nil {
		f.requiredMissing(name, example)
	}
	return f.text(name, example)
}

// listBound is how many elements a list may have; 0: any number.
type listBound struct {
	most int
	// what says what the elements are and, behind a colon, what to do about too many.
	what string
}

// texts calls each with the strings of a list and the path that a problem of one names, until there
// are too many problems. given is false if the list is absent, no list, or too long, so that
// nothing is to be said of its elements.
func (f *fields) texts(name, example string, bound listBound, each func(path, text string)) (given bool) {
	return f.elements(name, example, loneText, bound, f.asText, each)
}

// ids is texts for ids.
func (f *fields) ids(name, example string, bound listBound, each func(path, text string)) (given bool) {
	return f.elements(name, example, loneID, bound, f.asID, each)
}

func (f *fields) elements(name, example, lone string, bound listBound, as func(string, json.RawMessage, string) (string, bool),
	each func(path, text string),
) (given bool) {
	list, _, given := f.list(name, "["+example+"]", lone, bound)
	if !given {
		return false
	}
	before := f.problems.total
	for i, raw := range args.Elements(list) {
		if f.problems.full() {
			break
		}
		if f.problems.total-before >= maxListProblems {
			f.problems.unread = true
			break
		}
		path := name + "[" + strconv.Itoa(i) + "]"
		if s, ok := as(path, raw, example); ok {
			each(path, s)
		}
	}
	return true
}

// list returns a list of a length within the bound, as JSON, and whether it was parsed from a text.
// given is false if it is absent, no list, or too long.
func (f *fields) list(name, example, lone string, bound listBound) (list json.RawMessage, parsed, given bool) {
	raw := f.value(name)
	if raw == nil {
		return nil, false, false
	}
	if list, parsed = listOrLone(raw, lone); list == nil {
		f.add(name, "must be a list such as %s; %s was given", example, args.Kind(raw))
		return nil, false, false
	}
	if n := args.Count(list); bound.most > 0 && n > bound.most {
		f.add(name, "has %d entries, and one call takes at most %d %s", n, bound.most, bound.what)
		return nil, false, false
	}
	return list, parsed, true
}

// boolean returns nil if the member is absent.
func (f *fields) boolean(name string) *bool {
	raw := f.value(name)
	if raw == nil {
		return nil
	}
	if text := args.JSONText(raw, asBoolean); text != nil {
		raw = text
	}
	if raw[0] != 't' && raw[0] != 'f' {
		f.add(name, "must be true or false; %s was given", args.Kind(raw))
		return nil
	}
	b := raw[0] == 't'
	return &b
}

// integer returns otherwise if the member is absent. 10.0 is an integer, as JSON Schema has it.
func (f *fields) integer(name string, least, most, otherwise int) int {
	raw := f.value(name)
	if raw == nil {
		return otherwise
	}
	if text := args.JSONText(raw, asNumber); text != nil {
		raw = text
	}
	wanted := fmt.Sprintf("a whole number from %d to %d, such as %d", least, most, otherwise)
	if k := args.Kind(raw); k != "a number" {
		f.add(name, "must be %s; %s was given", wanted, k)
		return otherwise
	}
	if len(raw) > maxNumber {
		f.add(name, "must be %s", wanted)
		return otherwise
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || n != math.Trunc(n) || n < float64(least) || n > float64(most) {
		f.add(name, "must be %s", wanted)
		return otherwise
	}
	return int(n)
}

// object returns the free object of a member, nil if it is absent.
func (f *fields) object(name string) map[string]any {
	raw := f.value(name)
	if raw == nil {
		return nil
	}
	if raw[0] == '"' && len(raw) > maxText+maxData {
		f.bounded(name, raw)
		return nil
	}
	if text := args.JSONText(raw, "{"); text != nil {
		raw = text
	}
	if raw[0] != '{' {
		f.add(name, `must be an object such as {"plan": "premium"}; %s was given`, args.Kind(raw))
		return nil
	}
	if !f.bounded(name, raw) {
		return nil
	}
	return f.free(name, raw).(map[string]any)
}

// free decodes any value within the bounds of a contact's data. Numbers stay as they are written,
// to the last digit.
func (f *fields) free(path string, raw json.RawMessage) any {
	switch raw[0] {
	case '{':
		object := map[string]any{}
		for _, m := range args.Members(raw, maxData) {
			if f.problems.full() {
				break
			}
			if _, twice := object[m.Name]; twice {
				f.add(path, "has the name %s twice: give it once", quoteName(m.Name))
				continue
			}
			object[m.Name] = f.free(path, m.Raw)
		}
		return object
	case '[':
		list := []any{}
		for _, raw := range args.Elements(raw) {
			if f.problems.full() {
				break
			}
			list = append(list, f.free(path, raw))
		}
		return list
	case '"':
		s, _ := f.asText(path, raw, "")
		return s
	case 't', 'f':
		return raw[0] == 't'
	case 'n':
		return nil
	default:
		if !isNumber(raw) {
			f.add(path, "holds a number that is too long or too large for most who read it: give it as a string")
		}
		return json.Number(raw)
	}
}

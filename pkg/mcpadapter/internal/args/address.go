package args

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Use is what a number or identifier is for.
type Use uint8

const (
	// Recipient gets a message.
	Recipient Use = iota
	// Sender sends one: it may be a name that is registered with carriers.
	Sender
	// Phone is kept with a contact.
	Phone
)

// maxAddress bounds what is taken for a number or an identifier, in bytes.
const maxAddress = 256

// Address is a number or an identifier.
type Address struct {
	// Normal is what the API is given: E.164, a short code, or the identifier as it is.
	Normal string
	// Former is what versions before gave it, "" if the same.
	Former string
}

// ParseAddress reads a number in whatever way people write it, or an identifier of another channel.
// What fits no rule is refused, and a number that is taken has the digits that stood there, in
// order, but for what [rewritten] and [withoutTrunk] say.
func ParseAddress(s string, use Use) (a Address, p Problem) {
	s = strings.TrimSpace(s)
	switch {
	case trim(s) == "":
		return a, problem("is empty: ask the user for the number; it looks like " + ExampleNumber)
	case len(s) > maxAddress:
		return a, problem("is too long for a number or identifier: give one number such as " + ExampleNumber)
	}
	switch r := readNumber(unwrap(s)); r.shape {
	case shapeNumber:
		a.Normal, p = number(r, use)
	case shapeSeveral:
		p = problem("seems to hold several numbers: give each one as its own entry, such as " + ExampleNumber)
	case shapeOther:
		switch a.Normal = channelIdentifier(trim(s)); {
		case a.Normal == "":
			a.Normal, p = otherIdentifier(s, use)
		case use == Phone && isPersonsEmail(a.Normal):
			p = problem("is an e-mail address: give it as email, or leave it out")
		}
	}
	if p.Is() {
		return Address{}, p
	}
	// What was not written as a number alone was an identifier to versions before.
	if a.Normal != s && (readNumber(s).shape != shapeNumber || readFormerly(s)) {
		a.Former = s
	}
	return a, p
}

// readFormerly tells whether digits stand there that versions before did not know.
func readFormerly(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > '9' && unicode.IsDigit(r) })
}

// WithPlus is an address of the API with its plus where it is a number that lacks it, and as it is
// else: what is shown can be sent to.
func WithPlus(s string) string {
	if r := readNumber(s); r.shape == shapeNumber && !r.plus && !r.separated {
		if with := withPlus(r.digits); with != "" {
			return with
		}
	}
	return s
}

var (
	whatsappNumber = regexp.MustCompile(`^(?i:whatsapp):\+([0-9][0-9 ().\-]{4,30})$`)
	whatsappUser   = regexp.MustCompile(`^[0-9]{5,20}(-[0-9]{5,20})?(:[0-9]{1,3})?@(s\.whatsapp\.net|c\.us|g\.us)$`)
	teamsID        = regexp.MustCompile(`^(8|19|28|29|48|a):[A-Za-z0-9._:@=+-]+$`)
	otherChannel   = regexp.MustCompile(`^(?i:messenger|rcs|viber|telegram|line|instagram|wechat|webex|msteams|teams):[A-Za-z0-9._:@=+-]+$`)
)

// channelIdentifier is an identifier of a channel that is known by its form, "" if it is not one.
func channelIdentifier(s string) string {
	if m := whatsappNumber.FindStringSubmatch(s); m != nil {
		if r := readNumber(m[1]); len(r.digits) >= 7 && len(r.digits) <= maxE164 {
			return s[:len("whatsapp:")] + "+" + r.digits
		}
		return ""
	}
	for _, form := range []*regexp.Regexp{whatsappUser, teamsID, otherChannel} {
		if form.MatchString(s) {
			return s
		}
	}
	if isPersonsEmail(s) {
		return s // in Teams or Webex
	}
	return ""
}

// isPersonsEmail tells addresses of people from those that gateways to SMS make of numbers, and
// from other identifiers.
func isPersonsEmail(s string) bool {
	local, _, _ := strings.Cut(s, "@")
	return IsEmail(s) && strings.ContainsFunc(local, isLatin) && !strings.ContainsAny(s, forbidden) && !strings.Contains(local, ":")
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// forbidden is in no identifier: such texts are templates, links or lists.
const forbidden = "{}<>[]|\"'`“”‘’«»\\%$,;"

var (
	uuid       = regexp.MustCompile(`^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$`)
	extension  = regexp.MustCompile(`(?i)[0-9().\s](x|ext|ext\.|extension|;ext=|#|\*|w|p)[\s.:=]*[0-9]+\s*\)?$`)
	senderName = regexp.MustCompile(`^[\p{L}0-9][\p{L}\p{M}0-9 ._&+-]*$`)
)

// maxSenderName is the most characters of a name that carriers show as the sender (3GPP TS 23.040
// §9.1.2.5).
const maxSenderName = 11

// otherIdentifier judges what is written in no known form.
func otherIdentifier(s string, use Use) (normal string, p Problem) {
	const example = "such as " + ExampleNumber
	letters, digits := strings.ContainsFunc(s, unicode.IsLetter), 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	switch {
	case strings.ContainsFunc(s, IsInvisible):
		return "", problem("holds a line break or another invisible character: remove it")
	case Placeholder(s) != "":
		return "", problem("is a placeholder that was not filled in: ask the user for the number that it stands for")
	case IsBlankMarker(s) && use == Phone:
		return "", problem("stands for no number: leave it out")
	case IsBlankMarker(s):
		return "", problem("stands for no number: give one " + example)
	case uuid.MatchString(s):
		return "", problem("is an id, and not a number: give the number in international form, " + example)
	case extension.MatchString(s):
		return "", problem("has an extension, which no message reaches: give the number alone, " + example)
	}
	if digits > 0 && letters {
		if p := vanity(s); p.Is() {
			return "", p
		}
	}
	switch {
	case digits >= 7:
		return "", aroundNumber(s)
	case strings.HasPrefix(s, "+") || strings.HasPrefix(s, "＋"):
		return "", problem(noNumber)
	case use == Phone:
		return "", problem("is not a phone number: give it in international form, " + example)
	case use == Sender && letters && len([]rune(s)) <= maxSenderName && senderName.MatchString(s):
		return s, Problem{}
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "", problem("is neither a number nor an identifier, which has no space in it: give a number " + example)
	case strings.ContainsAny(s, forbidden), strings.Contains(s, "://"):
		return "", problem("holds a character that is in no number and no identifier: give a number " + example)
	case use == Recipient && digits == 0 && !strings.ContainsAny(s, ":@"):
		return "", problem("is not a number, and names are not looked up: ask for the number, and give it in international form, " + example)
	case !letters && digits == 0:
		return "", problem("is not a number: give one " + example)
	}
	return s, Problem{}
}

// aroundNumber is the problem of a text around a number, which it names if there is one.
func aroundNumber(s string) Problem {
	const said = "holds something besides a number: "
	var found []string
	for _, run := range numberRun.FindAllString(s, -1) {
		if r := readNumber(run); r.shape == shapeNumber && len(r.digits) >= 7 {
			found = append(found, run)
		}
	}
	const more = "give the number alone, in international form, such as " + ExampleNumber
	if len(found) == 1 {
		if r := readNumber(found[0]); r.plus {
			if normal, p := international(r.digits); !p.Is() {
				return Problem{One: said + "write " + strconv.Quote(normal) + " if that is the number", Many: said + more}
			}
		}
	}
	return problem(said + more)
}

var numberRun = regexp.MustCompile(`\+?[0-9][0-9 ().\-/]*[0-9]`)

// vanityNumber is a number with words for its last digits, as it is done in North America. The area
// code is of digits.
var vanityNumber = regexp.MustCompile(`^\+?(?:1[-. ]*)?\(?([2-9][0-9]{2})\)?[-. ]*([A-Za-z0-9][A-Za-z0-9-]*)$`)

// vanity is the problem of a number with letters for digits: it names the digits, "" of which is
// the zero Problem.
func vanity(s string) Problem {
	m := vanityNumber.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || !strings.ContainsFunc(m[2], isLatin) {
		return Problem{}
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(m[2]) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			b.WriteByte("22233344455566677778889999"[r-'A'])
		}
	}
	const local = 7 // letters beyond are not dialed
	if b.Len() < local || strings.Count(m[2], "-") > 3 {
		return Problem{}
	}
	normal, p := international("1" + m[1] + b.String()[:local])
	if p.Is() {
		return Problem{}
	}
	return Problem{
		One:  "has letters for digits: write the digits that they stand for, " + strconv.Quote(normal) + " if it is a North American number",
		Many: "has letters for digits: write the digits that they stand for, such as " + strconv.Quote(normal) + " for the first of them",
	}
}

// blankMarkers are what people and programs write where they have nothing to write.
var blankMarkers = []string{
	"n/a", "na", "n.a", "n.a.", "#n/a", "none", "null", "nil", "nan", "undefined", "unknown", "tbd", "tba", "tbc", "todo", "empty", "blank",
	"missing", "me", "myself", "self", "same", "no", "no phone", "no number", "not available", "not applicable", "not provided",
	"not given", "anonymous", "private", "withheld", "restricted", "phone", "number", "recipient", "sender", "unbekannt", "keine",
	"inconnu", "aucun", "desconocido", "ninguno", "sconosciuto",
}

// IsBlankMarker reports whether a text stands for a missing value, such as "N/A".
func IsBlankMarker(s string) bool {
	s = strings.ToLower(trim(s))
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) && !strings.ContainsAny(s, "+＋") ||
		slices.Contains(blankMarkers, strings.Trim(s, "()[]<>\"'?!. "))
}

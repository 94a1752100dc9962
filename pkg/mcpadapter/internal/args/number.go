package args

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const (
	// ExampleNumber stands in the messages that say what a number looks like.
	ExampleNumber = `"+15551234567"`

	noNumber = "is not an international phone number: after + come the country code and the number, such as " + ExampleNumber

	tooMany = "has too many digits for its country code: check it against a number such as " + ExampleNumber

	// maxE164 is the most digits a phone number has (ITU-T E.164 §6.1).
	maxE164 = 15
	// minNamed is from how many digits on a number without its plus is named: those with fewer lack
	// the country code.
	minNamed = 11
	// Short codes have 3 to 8 digits, depending on the country; they are written without
	// separators.
	minShortCode, maxShortCode = 3, 8
)

// Problem is what is wrong with a value, and what would be right.
type Problem struct {
	// One is said of one value, Many where the same is wrong with several; "" if One fits both.
	One, Many string
}

func problem(text string) Problem { return Problem{One: text} }

// Is tells whether anything is wrong.
func (p Problem) Is() bool { return p.One != "" }

// shape is how a text is written.
type shape uint8

const (
	shapeOther   shape = iota // not of digits and separators alone
	shapeNumber               // digits, with separators and one leading plus or without
	shapeSeveral              // more than one number
)

// reading is a text as far as it is a number.
type reading struct {
	shape  shape
	digits string
	// plus stands in front; separated says that there is more than digits and a plus.
	plus, separated bool
}

// readNumber takes digits of all scripts, separators and one leading plus. It gives no digits of
// anything else, so that what knows of letters never sees any.
func readNumber(s string) reading {
	var b strings.Builder
	r := reading{shape: shapeNumber}
	several, other := false, false
	for _, c := range s {
		switch {
		case unicode.IsDigit(c):
			b.WriteByte('0' + digitValue(c))
		case c == '+' || c == '＋':
			switch {
			case r.plus:
				several = true
			case b.Len() > 0:
				other = true // amid its digits
			}
			r.plus = true
		case c == ',' || c == ';':
			several = true
		case isSeparator(c):
			r.separated = true
		default:
			other = true
		}
	}
	switch r.digits = b.String(); {
	case other, r.digits == "" && !r.plus:
		return reading{}
	case several:
		r.shape = shapeSeveral
	}
	return r
}

// digitValue is what a decimal digit of any script stands for: Unicode has them in tens, from zero
// on.
func digitValue(r rune) byte {
	if r <= '9' {
		return byte(r - '0')
	}
	for _, t := range unicode.Nd.R16 {
		if lo := rune(t.Lo); r >= lo && r <= rune(t.Hi) {
			return byte((r - lo) % 10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo := rune(t.Lo); r >= lo && r <= rune(t.Hi) {
			return byte((r - lo) % 10)
		}
	}
	return 0
}

// isSeparator: what people and address books put between and around digits. Cf are the invisible
// marks that come along when a number is copied.
func isSeparator(r rune) bool {
	switch r {
	case '.', '-', '(', ')', '/', '\t', '\u2212': // the last is the minus sign
		return true
	}
	return unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r)
}

// IsInvisible tells whether nothing is seen of a character but what it does: control characters,
// line and paragraph separators, and marks that change how a text looks.
func IsInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf)
}

// number normalizes what is written as one. It asks whether a number is possible, not whether it is
// assigned: the API knows that better. One without country code is refused, because a guessed
// country would text a stranger.
func number(r reading, use Use) (normal string, p Problem) {
	switch n := len(r.digits); {
	case r.plus:
		return international(r.digits)
	case !r.separated && n >= minShortCode && n <= maxShortCode && use != Phone: // a contact's phone would be a local number
		return r.digits, Problem{}
	case n < minShortCode:
		return "", problem("is too short: give a number such as " + ExampleNumber)
	case n > maxE164 && !r.separated && use != Phone:
		return r.digits, Problem{} // the id of an account on another channel
	case n > maxE164:
		return "", problem("has too many digits for a phone number: check it against a number such as " + ExampleNumber)
	case strings.HasPrefix(r.digits, "00"):
		return "", problem("begins with 00, which means different things in different countries: write + and the country code, " +
			"such as " + ExampleNumber)
	}
	if with := withPlus(r.digits); with != "" {
		return "", Problem{
			One:  "lacks the + in front of the country code: write " + strconv.Quote(with) + " if that is the number",
			Many: "lacks the + in front of the country code: write it, such as " + strconv.Quote(with) + " for the first of them",
		}
	}
	return "", problem("has no country code: write it in international form with + and the country code, such as " +
		ExampleNumber + " (+1 in front of the 10 digits of a US or Canadian number)")
}

// withPlus is the number that digits without a plus most likely are, "" if they cannot be one.
func withPlus(digits string) string {
	if len(digits) < minNamed || len(digits) > maxE164 {
		return ""
	}
	normal, _ := international(digits)
	return normal
}

// international makes E.164 of the digits that follow a plus.
func international(digits string) (normal string, p Problem) {
	digits = rewritten(digits)
	parsed, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return "", problem(noNumber)
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.IS_POSSIBLE:
		normal = phonenumbers.Format(parsed, phonenumbers.E164)
		if len(normal) > len("+")+maxE164 {
			return "", problem(tooMany)
		}
		if normal == "+"+digits {
			return normal, Problem{}
		}
		// A trunk prefix was taken off, such as the 0 of +44 (0) 20. A number that then has another
		// is none.
		if again, err := phonenumbers.Parse(normal, ""); err == nil && withoutTrunk(int(parsed.GetCountryCode()), digits, normal) &&
			phonenumbers.Format(again, phonenumbers.E164) == normal {
			return normal, Problem{}
		}
		return "", problem(noNumber)
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", problem("has too few digits for its country code: give the whole number, such as " + ExampleNumber)
	case phonenumbers.TOO_LONG:
		return "", problem(tooMany)
	default:
		return "", problem("has a number of digits that its country code does not have: check it against a number such as " +
			ExampleNumber)
	}
}

// rewritten is a number without what was part of it once: Mexican mobile numbers had a 1 after the
// country code, which WhatsApp and many address books keep.
func rewritten(digits string) string {
	if national, ok := strings.CutPrefix(digits, "521"); ok && len(national) == 10 {
		return "52" + national
	}
	return digits
}

// withoutTrunk tells whether normal is the digits but for the prefix of calls within the country.
// Whatever else the library would change is not what was written.
func withoutTrunk(country int, digits, normal string) bool {
	code := strconv.Itoa(country)
	given, ok := strings.CutPrefix(digits, code)
	national, also := strings.CutPrefix(normal, "+"+code)
	return ok && also && (given == "0"+national || given == trunk(country)+national)
}

// trunk is the prefix of countries where it is not 0.
func trunk(country int) string {
	switch country {
	case 36:
		return "06"
	case 7, 370, 375:
		return "8"
	}
	return "0"
}

package mcpadapter

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const (
	exampleSender    = `"+15551234567"`
	exampleRecipient = `"+15559876543"`

	noNumber = "is not an international phone number: after + come the country code and the number, such as " + exampleSender

	// maxIdentifier bounds what is taken for a number or an identifier.
	maxIdentifier = 256
	// maxE164 is the most digits a phone number has (ITU-T E.164 §6.1).
	maxE164 = 15
	// Short codes have 3 to 8 digits, depending on the country; they are written without separators.
	minShortCode, maxShortCode = 3, 8
)

// address normalizes a phone number to E.164, in whatever way people write it, and passes an identifier that is not a phone
// number as it is but for space around it. problem is "" or what is wrong and what would be right.
//
// It asks whether a number is possible, not whether it is assigned: the API knows that better. A number without country
// code is refused, because a guessed country would text a stranger.
func address(s string) (normal, problem string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", "is empty: give a number such as " + exampleSender
	}
	if len(s) > maxIdentifier {
		return "", "is too long for a number or identifier: give one number such as " + exampleSender
	}
	digits, shape := readPhone(s)
	switch {
	case shape == shapeIdentifier, len(digits) > maxE164 && shape != shapeInternational && shape != shapeSeveral:
		if strings.ContainsFunc(s, isInvisible) {
			return "", "holds a line break or another invisible character: remove it"
		}
		return s, ""
	case shape == shapeSeveral:
		return "", "seems to hold several numbers: give each one as its own entry, such as " + exampleSender
	case shape == shapeInternational:
		return international(digits)
	case shape == shapeDigits && len(digits) >= minShortCode && len(digits) <= maxShortCode:
		return digits, ""
	case len(digits) < minShortCode:
		return "", "is too short: give a number such as " + exampleSender
	case strings.HasPrefix(digits, "00"):
		return "", "begins with 00, which means different things in different countries: write + and the country code, " +
			"such as " + exampleSender
	default:
		return "", "has no country code: write it in international form with + and the country code, such as " +
			exampleSender + " (+1 in front of the 10 digits of a US or Canadian number)"
	}
}

// international makes E.164 of the digits that follow a plus.
func international(digits string) (normal, problem string) {
	number, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return "", noNumber
	}
	switch phonenumbers.IsPossibleNumberWithReason(number) {
	case phonenumbers.IS_POSSIBLE:
		normal = phonenumbers.Format(number, phonenumbers.E164)
		if normal == "+"+digits {
			return normal, ""
		}
		// A trunk prefix was taken off, such as the 0 of +44 (0) 20. A number that then has another is none.
		if again, err := phonenumbers.Parse(normal, ""); err == nil && phonenumbers.Format(again, phonenumbers.E164) == normal {
			return normal, ""
		}
		return "", noNumber
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", "has too few digits for its country code: give the whole number, such as " + exampleSender
	case phonenumbers.TOO_LONG:
		return "", "has too many digits for its country code: check it against a number such as " + exampleSender
	default:
		return "", "has a number of digits that its country code does not have: check it against a number such as " +
			exampleSender
	}
}

type phoneShape uint8

const (
	shapeIdentifier    phoneShape = iota // no phone number
	shapeInternational                   // + and digits
	shapeDigits                          // digits alone
	shapeSeparated                       // digits and separators
	shapeSeveral                         // more than one number
)

// readPhone tells whether a text is written like a phone number and returns its digits. What begins with + can be
// nothing else; all other texts must have nothing but digits and separators.
func readPhone(s string) (digits string, shape phoneShape) {
	var b strings.Builder
	var plus, separated, other, several bool
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r == '+' || r == '＋':
			if plus {
				several = true
			} else if b.Len() > 0 {
				other = true
			}
			plus = true
		case r == ',' || r == ';':
			several = true
		case isSeparator(r):
			separated = true
		default:
			other = true
		}
	}
	begins := strings.TrimLeftFunc(s, isSeparator)
	international := strings.HasPrefix(begins, "+") || strings.HasPrefix(begins, "＋")
	switch {
	case international && other:
		return "", shapeInternational // without digits it is refused
	case other || b.Len() == 0 && !plus:
		return "", shapeIdentifier
	case several:
		return "", shapeSeveral
	case plus:
		return b.String(), shapeInternational
	case separated:
		return b.String(), shapeSeparated
	default:
		return b.String(), shapeDigits
	}
}

// isSeparator: what people and address books put between and around digits. Cf are the invisible marks that come along
// when a number is copied.
func isSeparator(r rune) bool {
	switch r {
	case '.', '-', '(', ')', '/', '\t', '\u2212': // the last is the minus sign
		return true
	}
	return unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r)
}

// isInvisible: control characters, line and paragraph separators, and marks that change how a text looks.
func isInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf)
}

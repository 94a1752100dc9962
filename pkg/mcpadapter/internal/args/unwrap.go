package args

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unwrap takes off what is around a number: a tel: or sms: in front, one pair of quotes or
// brackets, and a label in parentheses at the end, each once, in whichever order.
func unwrap(s string) string {
	if number := linkedNumber(s); number != "" {
		return number
	}
	var prefix, pair, label bool
	for {
		s = trim(s)
		switch {
		case !prefix && cut(&s, withoutScheme):
			prefix = true
		case !pair && cut(&s, withoutPair):
			pair = true
		case !label && cut(&s, withoutLabel):
			label = true
		default:
			return s
		}
	}
}

func cut(s *string, by func(string) (string, bool)) bool {
	rest, ok := by(*s)
	if ok {
		*s = rest
	}
	return ok
}

// trim takes off space and the invisible marks that come along when a number is copied.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

func withoutScheme(s string) (rest string, ok bool) {
	const length = len("tel:")
	if len(s) < length || !strings.EqualFold(s[:length], "tel:") && !strings.EqualFold(s[:length], "sms:") {
		return s, false
	}
	return s[length:], true
}

// pairs are quotes and brackets with what closes them. Parentheses are separators in numbers.
var pairs = map[rune]rune{
	'"': '"', '\'': '\'', '`': '`', '“': '”', '„': '“', '‘': '’', '«': '»', '‹': '›', '<': '>', '[': ']', '{': '}',
}

func withoutPair(s string) (rest string, ok bool) {
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	if closing, known := pairs[first]; !known || closing != last || len(s) <= n+m {
		return s, false
	}
	return s[n : len(s)-m], true
}

// withoutLabel cuts off a name or a kind such as (cell). What holds a digit may be a part of the
// number or an extension.
func withoutLabel(s string) (rest string, ok bool) {
	var open rune
	switch {
	case strings.HasSuffix(s, ")"):
		open = '('
	case strings.HasSuffix(s, "）"):
		open = '（'
	default:
		return s, false
	}
	i := strings.LastIndex(s, string(open))
	if i < 0 {
		return s, false
	}
	label := s[i:]
	if !strings.ContainsFunc(label, unicode.IsLetter) || strings.ContainsFunc(label, unicode.IsNumber) ||
		strings.ContainsFunc(label, unicode.IsControl) || !strings.ContainsFunc(s[:i], unicode.IsDigit) {
		return s, false
	}
	return s[:i], true
}

// link is a link as Markdown has it.
var link = regexp.MustCompile(`^\[([^\[\]()]+)\]\((?i:tel|sms):([^\[\]()]+)\)$`)

// linkedNumber is the number of a link whose text and target are the same one, "" if it is no such
// link.
func linkedNumber(s string) string {
	m := link.FindStringSubmatch(trim(s))
	if m == nil {
		return ""
	}
	shown, target := readNumber(m[1]), readNumber(m[2])
	if shown.shape != shapeNumber || target.shape != shapeNumber || shown.digits != target.digits {
		return ""
	}
	if shown.plus {
		return m[1]
	}
	return m[2]
}

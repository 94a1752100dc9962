package args

import (
	"regexp"
	"strings"
	"unicode"
)

// maxEmail is the most bytes of an e-mail address (RFC 5321 §4.5.3.1.3, less the brackets).
const maxEmail = 254

// IsEmail is a test for what was typed by mistake, not for what RFC 5322 permits.
func IsEmail(s string) bool {
	if len(s) > maxEmail {
		return false
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.Contains(domain, "@") ||
		strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) || strings.ContainsRune("<>,;", r) }) {
		return false
	}
	for _, part := range strings.Split(domain, ".") {
		if part == "" {
			return false
		}
	}
	return strings.Contains(domain, ".")
}

// fieldWord is what a field of a person is called in templates, in words with a space, underscore,
// hyphen or nothing between.
const fieldWord = `(?:(?:the|your|my|customer|client|contact|recipient|patient|guest|user|lead|sender|company|business|first|last|full|given|family|` +
	`middle|nick|phone|mobile|account|order|e)[ _-]?){0,3}(?:name|firstname|lastname|fname|lname|phone|number|email|mail|company|address)`

// placeholders are the forms of fields that a template left open. Those in single brackets must be
// a field's name, since people write in brackets too.
var placeholders = []*regexp.Regexp{
	regexp.MustCompile(`\{\{[^{}]{0,80}\}\}`), // Handlebars, Liquid, n8n
	regexp.MustCompile(`\[\[[^\[\]]{1,80}\]\]`),
	regexp.MustCompile(`\{%[^{}]{1,80}%\}`),                                                    // Liquid
	regexp.MustCompile(`<%[^<>]{1,80}%>`),                                                      // ERB
	regexp.MustCompile(`\$\{[^{}]{1,80}\}`),                                                    // JavaScript, shells
	regexp.MustCompile(`\*\|[^|*]{1,80}\|\*`),                                                  // Mailchimp
	regexp.MustCompile(`(?:^|[^\p{L}\p{N}%])(%%?[A-Z][A-Z0-9_]{1,40}%%?)(?:$|[^\p{L}\p{N}%])`), // %NAME%
	regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}%])(%%?(?:` + fieldWord + `|[a-z]+(?:_[a-z]+)+)%%?)(?:$|[^\p{L}\p{N}%])`), // %first_name%
	regexp.MustCompile(`(?i)<(?:` + fieldWord + `|[a-z]+(?:_[a-z0-9]+)+)>`),                                            // <first_name>
	regexp.MustCompile(`(?i)\{(?:` + fieldWord + `|[a-z]+(?:_[a-z0-9]+)+)\}`),                                          // {first_name}
	regexp.MustCompile(`(?i)\[(?:` + fieldWord + `|insert [^\[\]]{1,60}|object object|[a-z]+(?:_[a-z0-9]+)+)\]`),       // [Name]
}

// Placeholder is the first field of a template that was not filled in, "" if there is none.
func Placeholder(s string) string {
	if !strings.ContainsAny(s, "{[<%*$") {
		return ""
	}
	for _, form := range placeholders {
		if m := form.FindStringSubmatch(s); m != nil {
			return m[len(m)-1]
		}
	}
	return ""
}

// windowsPath may hold a backslash before an n that is meant.
var windowsPath = regexp.MustCompile(`\b[A-Za-z]:(?:\\[\w .$-]+){2,}`)

// HasEscapedLineBreak tells whether a backslash and an n stand where a line break is meant.
func HasEscapedLineBreak(s string) bool {
	if !strings.Contains(s, `\n`) {
		return false
	}
	rest := windowsPath.ReplaceAllStringFunc(s, func(path string) string {
		for _, folder := range strings.Split(path, `\`)[1:] {
			if !strings.HasPrefix(folder, "n") {
				return ""
			}
		}
		return path
	})
	return strings.Contains(rest, `\n`)
}

// IsBlank tells whether nothing of a text can be seen.
func IsBlank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case unicode.IsSpace(r), IsInvisible(r), unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			return false
		case r == '\u2800': // the Braille pattern without dots
			return false
		}
		return true
	})
}

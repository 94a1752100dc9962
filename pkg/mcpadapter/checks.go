package mcpadapter

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

const (
	exampleBody     = `"Your appointment is confirmed for tomorrow at 2pm"`
	exampleMediaURL = `"https://example.com/picture.jpg"`

	// maxBody is the longest text, in characters: above what SMS (1,600), RCS (3,072) and WhatsApp (4,096) carry.
	maxBody = 10_000
	// maxLabel bounds names, in characters.
	maxLabel = 256
	maxURL   = 2048
	maxEmail = 254 // RFC 5321 §4.5.3.1.3, less the brackets
)

// address returns a required number or identifier, normalized.
func (f *fields) address(name, example string) string {
	s, given := f.requiredText(name, example)
	if !given {
		return ""
	}
	normal, problem := address(s)
	if problem != "" {
		f.add(name, "%s", problem)
	}
	return normal
}

// body returns the required text of a message, exactly as it came.
func (f *fields) body() string {
	s, given := f.requiredText("body", exampleBody)
	if !given {
		return ""
	}
	switch {
	case strings.TrimSpace(s) == "":
		f.add("body", "is blank: give the text to send; media go out with a text too")
	case utf8.RuneCountInString(s) > maxBody:
		f.add("body", "has %d characters: at most %d can be sent, so shorten it or send several messages",
			utf8.RuneCountInString(s), maxBody)
	case strings.ContainsFunc(s, isUnsendable):
		f.add("body", "holds a control character other than line break and tab: remove it")
	default:
		return s
	}
	return "" // nobody counts the segments of a text that is not sent
}

func isUnsendable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }

// mediaURLs returns the media of a message, never nil: the API wants a list.
func (f *fields) mediaURLs() []string {
	urls := []string{}
	f.texts("media_urls", exampleMediaURL, listBound{maxMediaURLs, "files: send the others with another message"}, func(path, text string) {
		u := strings.TrimSpace(text)
		if problem := mediaProblem(u); problem != "" {
			f.add(path, "%s", problem)
		}
		urls = append(urls, u)
	})
	return urls
}

func mediaProblem(s string) string {
	const wanted = ": give an absolute URL such as " + exampleMediaURL
	if s == "" {
		return "is empty" + wanted
	}
	if len(s) > maxURL {
		return "is too long for a URL" + wanted
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) }) {
		return "holds a space or an invisible character: write a space as %20"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a URL" + wanted
	case u.Scheme != "http" && u.Scheme != "https":
		return "does not begin with https:// or http://" + wanted
	case u.Hostname() == "":
		return "names no host" + wanted
	case u.User != nil:
		return "holds a user or password, which everybody who gets the message could read: remove it"
	}
	return ""
}

// label returns an optional name without space around it; "" if it is absent or blank.
func (f *fields) label(name, example string) string {
	s, _ := f.text(name, example)
	s = strings.TrimSpace(s)
	f.checkLabel(name, s)
	return s
}

func (f *fields) checkLabel(name, s string) {
	switch {
	case utf8.RuneCountInString(s) > maxLabel:
		f.add(name, "has more than %d characters: shorten it", maxLabel)
	case strings.ContainsFunc(s, unicode.IsControl):
		f.add(name, "holds a line break or another control character: remove it")
	}
}

// provider returns "" if it is absent.
func (f *fields) provider() clerkapi.Provider {
	s, given := f.text("provider", `"twilio"`)
	p := clerkapi.Provider(strings.ToLower(strings.TrimSpace(s)))
	if given && !p.Valid() {
		f.add("provider", "must be one of %s, or left out", listOf(providers()))
	}
	return p
}

func providers() []string {
	return []string{
		string(clerkapi.ProviderTwilio), string(clerkapi.ProviderBandwidth), string(clerkapi.ProviderMsteams),
		string(clerkapi.ProviderOther), string(clerkapi.ProviderNonVoip), string(clerkapi.ProviderWhatsapp),
		string(clerkapi.ProviderTelnyx), string(clerkapi.ProviderWebex), string(clerkapi.ProviderRcs),
	}
}

// isEmail is a test for what was typed by mistake, not for what RFC 5322 permits.
func isEmail(s string) bool {
	if len(s) > maxEmail {
		return false
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.Contains(domain, "@") ||
		strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) || strings.ContainsRune("<>,;", r) }) {
		return false
	}
	for _, part := range strings.Split(domain, ".") {
		if part == "" {
			return false
		}
	}
	return strings.Contains(domain, ".")
}

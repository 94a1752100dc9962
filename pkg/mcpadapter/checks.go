package mcpadapter

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

const (
	exampleSender    = args.ExampleNumber
	exampleRecipient = `"+15559876543"`
	exampleBody      = `"Your appointment is confirmed for tomorrow at 2pm"`

	// maxBody is the longest text, in characters: above what SMS (1,600), RCS (3,072) and WhatsApp
	// (4,096) carry.
	maxBody = 10_000
	// maxLabel bounds names, in characters.
	maxLabel = 256
)

// sender returns the required number or identifier to send from.
func (f *fields) sender() args.Address {
	s, given := f.requiredText("sender", exampleSender)
	if !given {
		return args.Address{}
	}
	a, problem := args.ParseAddress(s, args.Sender)
	if problem.Is() {
		f.addProblem("sender", problem)
	}
	return a
}

// former is what versions before would have made of an address.
func former(a args.Address) string {
	if a.Former != "" {
		return a.Former
	}
	return a.Normal
}

// body returns the required text of a message, exactly as it came.
func (f *fields) body() string {
	s, given := f.requiredText("body", exampleBody)
	if !given {
		return ""
	}
	switch {
	case args.IsBlank(s):
		f.add("body", "is blank: ask the user for the text; media go out with a text too")
	case utf8.RuneCountInString(s) > maxBody:
		f.add("body", "has %d characters: at most %d can be sent, so shorten it or send several messages",
			utf8.RuneCountInString(s), maxBody)
	case strings.ContainsFunc(s, isUnsendable):
		f.add("body", "holds a control character other than line break and tab: remove it")
	case args.HasEscapedLineBreak(s):
		f.add("body", `holds a backslash and an n where a line break is meant, and would show them: write a real line break`)
	case !f.filledIn("body", s):
	default:
		return s
	}
	return "" // nobody counts the segments of a text that is not sent
}

func isUnsendable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }

// filledIn tells whether a text has no field of a template left, and notes one.
func (f *fields) filledIn(name, s string) bool {
	field := args.Placeholder(s)
	if field != "" {
		f.add(name, "holds a placeholder that was not filled in, %s: put in its place what it stands for, as the user knows it, or leave it out", quoteName(field))
	}
	return field == ""
}

// mediaURLs returns the media of a message, never nil: the API wants a list.
func (f *fields) mediaURLs() []string {
	urls := []string{}
	f.texts("media_urls", args.ExampleMediaURL, listBound{maxMediaURLs, "files: send the others with another message"}, func(path, text string) {
		u := strings.TrimSpace(text)
		if problem := args.MediaProblem(u); problem != "" {
			f.add(path, "%s", problem)
		}
		urls = append(urls, u)
	})
	return urls
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
	case s != "" && args.IsBlank(s):
		f.add(name, "holds nothing that can be seen: give a name, or leave it out")
	case name != "list_name": // which may be called anything in Clerk Chat
		f.filledIn(name, s)
	}
}

// instant returns an ISO 8601 time with its zone, the zero time if it is absent or wrong.
func (f *fields) instant(name string) time.Time {
	s, given := f.text(name, args.ExampleTime)
	if !given {
		return time.Time{}
	}
	t, problem := args.ParseInstant(s)
	if problem != "" {
		f.add(name, "%s", problem)
	}
	return t
}

// filter is instant where "" changes nothing.
func (f *fields) filter(name string) time.Time {
	if f.absent(name) {
		return time.Time{}
	}
	return f.instant(name)
}

// id checks an id that the API gave out.
func (f *fields) id(path, s string) string {
	s = strings.TrimSpace(s)
	if problem := args.IDProblem(s, exampleContactID); problem != "" {
		f.add(path, "%s", problem)
	}
	return s
}

// provider returns "" if it is absent.
func (f *fields) provider() clerkapi.Provider {
	if f.absent("provider") {
		return ""
	}
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

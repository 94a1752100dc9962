package sandbox

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What the strict sandbox takes. The limits of the real API are not documented: these are what
// carriers take, which is less than 500 recipients and 20,000 characters everywhere.
const (
	maxRecipients   = 10   // of a group MMS
	maxMedia        = 10   // of an MMS
	maxText         = 1600 // of a text or an MMS, in characters
	maxWhatsAppText = 4096 // of a WhatsApp message, in characters
)

// Forms of addresses. What a person would write otherwise, such as (555) 123-4567, is for the
// client to put into these.
var (
	phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	shortCode = regexp.MustCompile(`^[0-9]{3,8}$`)
	otherForm = regexp.MustCompile(`^(?i:messenger|rcs|viber|telegram|line|instagram|wechat|webex|msteams|teams|` +
		`8|19|28|29|48|a):[A-Za-z0-9._:@=+-]+$`)
)

const whatsAppPrefix = "whatsapp:"

// onWhatsApp tells whether an address is an identity of WhatsApp, and gives its number.
func onWhatsApp(address string) (number string, ok bool) {
	if len(address) < len(whatsAppPrefix) || !strings.EqualFold(address[:len(whatsAppPrefix)], whatsAppPrefix) {
		return "", false
	}
	return address[len(whatsAppPrefix):], true
}

// isAddress tells whether something may be written to: a number in E.164, a short code, or an
// identity of WhatsApp or of another channel.
func isAddress(s string) bool {
	if number, ok := onWhatsApp(s); ok {
		return phoneForm.MatchString(number)
	}
	return phoneForm.MatchString(s) || shortCode.MatchString(s) || otherForm.MatchString(s) || isEmail(s)
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// problems are what is wrong with a request, a line each, as the API lists them.
type problems []string

func (p problems) Error() string { return strings.Join(p, "; ") }

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// orNil is an error if there are problems.
func (p problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// checkSend refuses a message that no carrier would take.
func (st *store) checkSend(req clerkapi.SendMessageRequest) error {
	if st.settings.Lenient {
		return nil
	}
	var p problems
	if len(req.Recipients) > maxRecipients {
		p.add("recipients must contain no more than %d elements", maxRecipients)
	}
	_, fromWhatsApp := onWhatsApp(req.Sender)
	for i, to := range req.Recipients[:min(len(req.Recipients), maxRecipients)] {
		_, toWhatsApp := onWhatsApp(to)
		switch {
		case !isAddress(to):
			p.add("recipients.%d must be a valid phone number", i)
		case to == req.Sender:
			p.add("recipients.%d must not be the sender", i)
		case slices.Contains(req.Recipients[:i], to):
			p.add("recipients.%d must be unique", i)
		case toWhatsApp && !fromWhatsApp:
			p.add("recipients.%d is on WhatsApp, which the sender is not", i)
		}
	}
	st.checkContent(&p, req.Sender, req.Body, req.MediaURLs)
	return p.orNil()
}

// checkContent is for what messages and campaigns have in common.
func (st *store) checkContent(p *problems, sender, body string, media []string) {
	if st.settings.Lenient {
		return
	}
	longest := maxText
	if _, ok := onWhatsApp(sender); ok {
		longest = maxWhatsAppText
	}
	if utf8.RuneCountInString(body) > longest {
		p.add("body must be shorter than or equal to %d characters", longest)
	}
	if len(media) > maxMedia {
		p.add("mediaUrls must contain no more than %d elements", maxMedia)
	}
	for i, m := range media[:min(len(media), maxMedia)] {
		if u, err := url.Parse(m); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
			p.add("mediaUrls.%d must be a URL address", i)
		}
	}
}

// checkFields refuses a contact that nobody could write to. at is "" or what stands before a field.
func (st *store) checkFields(at, phone, email string) error {
	if st.settings.Lenient {
		return nil
	}
	var p problems
	if phone != "" && !isAddress(phone) {
		p.add("%sphone must be a valid phone number", at)
	}
	if email != "" && !isEmail(email) {
		p.add("%semail must be an email", at)
	}
	return p.orNil()
}

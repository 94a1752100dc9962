package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// listOf is a JSON list of n texts.
func listOf(n int, text func(i int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%q", text(i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func numbered(i int) string { return fmt.Sprintf("+1415555%04d", i) }

func same(text string) func(int) string { return func(int) string { return text } }

// What no carrier takes is refused, unless the sandbox is lenient.
func TestStrictRefusesWhatNoCarrierTakes(t *testing.T) {
	const url = "https://example.com/a.png"
	for name, tc := range map[string]struct {
		path, body string
		want       any
	}{
		"a template": {"messages", sendBody("recipients", `["{{phone}}"]`), "recipients.0 must be a valid phone number"},
		"a national number": {
			"messages", sendBody("recipients", `["+15559876543","(555) 123-4567"]`), "recipients.1 must be a valid phone number",
		},
		"a number too long":     {"messages", sendBody("recipients", `["+1234567890123456"]`), "recipients.0 must be a valid phone number"},
		"a word":                {"messages", sendBody("recipients", `["unknown"]`), "recipients.0 must be a valid phone number"},
		"an empty recipient":    {"messages", sendBody("recipients", `[""]`), "recipients.0 should not be empty"},
		"oneself":               {"messages", sendBody("recipients", `["`+sandbox.Sender+`"]`), "recipients.0 must not be the sender"},
		"one twice":             {"messages", sendBody("recipients", `["+15559876543","+15559876543"]`), "recipients.1 must be unique"},
		"500 recipients":        {"messages", sendBody("recipients", listOf(500, numbered)), "recipients must contain no more than 10 elements"},
		"20,000 characters":     {"messages", sendBody("body", `"`+strings.Repeat("é", 20_000)+`"`), "body must be shorter than or equal to 1600 characters"},
		"one character too far": {"messages", sendBody("body", `"`+strings.Repeat("é", 1601)+`"`), "body must be shorter than or equal to 1600 characters"},
		"media that is not a URL": {
			"messages", sendBody("mediaUrls", `["not a url"]`), "mediaUrls.0 must be a URL address",
		},
		"media of a file":      {"messages", sendBody("mediaUrls", `["file:///etc/passwd"]`), "mediaUrls.0 must be a URL address"},
		"media without a host": {"messages", sendBody("mediaUrls", `["https:///a.png"]`), "mediaUrls.0 must be a URL address"},
		"eleven media":         {"messages", sendBody("mediaUrls", listOf(11, same(url))), "mediaUrls must contain no more than 10 elements"},
		"WhatsApp by text":     {"messages", sendBody("recipients", `["whatsapp:+15559876543"]`), "recipients.0 is on WhatsApp, which the sender is not"},
		"WhatsApp of nobody":   {"messages", sendBody("recipients", `["whatsapp:Ana"]`), "recipients.0 must be a valid phone number"},
		"several at once": {
			"messages", sendBody("recipients", `["a"]`, "mediaUrls", `["b"]`),
			[]any{"recipients.0 must be a valid phone number", "mediaUrls.0 must be a URL address"},
		},
		"a contact's phone":  {"contacts", `{"name":"Jane","phone":"unknown"}`, "phone must be a valid phone number"},
		"a contact's e-mail": {"contacts", `{"name":"Jane","email":"jane at home"}`, "email must be an email"},
		"a batch": {
			"contacts/batch", `{"contacts":[{"phone":"+15559876543"},{"phone":"n/a"},{"email":"x"}]}`,
			[]any{"contacts.1.phone must be a valid phone number", "contacts.2.email must be an email"},
		},
		"a campaign's text":  {"campaigns", campaignBody("body", `"`+strings.Repeat("x", 20_000)+`"`), "body must be shorter than or equal to 1600 characters"},
		"a campaign's media": {"campaigns", campaignBody("mediaUrls", `["not a url"]`), "mediaUrls.0 must be a URL address"},
	} {
		t.Run(name, func(t *testing.T) {
			if text, ok := tc.want.(string); ok && name != "an empty recipient" {
				tc.want = []any{text}
			}
			b := newBench(t)
			before := len(b.searchContacts(""))
			got := decode[refused](b, b.do(http.StatusUnprocessableEntity, "POST", "/public/"+tc.path, tc.body))
			want := refused{StatusCode: 422, Message: tc.want, Error: "Unprocessable Entity"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(b.committed()) != 0 || len(b.searchContacts("")) != before {
				t.Error("something was made")
			}
			if name == "an empty recipient" {
				return // refused always
			}
			b.do(http.StatusOK, "PUT", "/_sandbox/settings", `{"lenient":true}`, "apiKey", "")
			b.do(http.StatusCreated, "POST", "/public/"+tc.path, tc.body)
			lenient := newBench(t, func(o *sandbox.Options) { o.Lenient = true })
			lenient.do(http.StatusCreated, "POST", "/public/"+tc.path, tc.body)
		})
	}
}

func TestStrictTakesWhatCarriersTake(t *testing.T) {
	b := newBench(t)
	for _, recipients := range []string{
		`["+15559876543"]`, `["72345"]`, `["ana@example.com"]`, `["teams:28:abc"]`, listOf(10, numbered),
	} {
		b.send("recipients", recipients)
	}
	b.send("body", `"`+strings.Repeat("é", 1600)+`"`)
	b.send("mediaUrls", listOf(10, same("https://example.com/a.png")), "body", `""`)
	b.send("sender", `"`+sandbox.SenderWhatsApp+`"`, "recipients", `["whatsapp:+15559876543","+15559876544"]`,
		"body", `"`+strings.Repeat("é", 4096)+`"`)
	if got := b.find("?inboxIds=" + sandbox.InboxWhatsApp).Total; got != 1 {
		t.Errorf("the inbox of WhatsApp has %d messages", got)
	}
	id := b.createContact(`{"phone":"whatsapp:+15559876543","email":"jane@example.com"}`).ID
	b.do(http.StatusUnprocessableEntity, "PUT", "/public/contacts/"+string(id), `{"phone":"unknown"}`)
	b.updateContact(id, `{"phone":"+15559876543"}`)
}

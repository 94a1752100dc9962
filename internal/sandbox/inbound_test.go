package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

type received struct {
	Message clerkapi.Message   `json:"message"`
	Replies []clerkapi.Message `json:"replies"`
}

func (b *bench) receive(from, to, body string) received {
	b.Helper()
	r := b.do(201, "POST", "/_sandbox/inbound", `{"from":"`+from+`","to":"`+to+`","body":"`+body+`"}`, "apiKey", "")
	return decode[received](b, r)
}

const jane = "+15559876543"

func TestAnInboundMessageIsFoundInItsConversation(t *testing.T) {
	b := newBench(t)
	sent := b.send()
	r := b.do(201, "POST", "/_sandbox/inbound",
		`{"from":"`+jane+`","to":"`+sandbox.Sender+`","body":"Hi","mediaUrls":["https://example.com/a.png"]}`, "apiKey", "")
	got := decode[received](b, r)
	m := got.Message
	if !m.Inbound || m.Sender != jane || m.Seen || m.Status != "delivered" || m.ConversationID != sent.ConversationID ||
		m.InboxID != sandbox.Inbox || len(got.Replies) != 0 {
		t.Errorf("received %+v", got)
	}
	if page := b.find(""); page.Total != 2 || cmp.Diff(m, page.Data[0]) != "" {
		t.Errorf("found %+v", page)
	}
	if all := b.committed(); len(all) != 1 {
		t.Errorf("%d messages count as sent through the API, want 1", len(all))
	}
	b.receive("whatsapp:"+jane, sandbox.SenderWhatsApp, "Hi")
	b.receive(jane, sandbox.SenderGlobex, "Hi")
	if n := len(b.state("Globex").Messages); n != 1 {
		t.Errorf("the second team has %d messages", n)
	}
	for body, status := range map[string]int{
		`{"from":"` + jane + `","to":"+15550001111","body":"Hi"}`:                     422,
		`{"from":"Jane","to":"` + sandbox.Sender + `","body":"Hi"}`:                   422,
		`{"from":"` + jane + `","to":"` + sandbox.Sender + `","body":""}`:             422,
		`{"from":"` + sandbox.Sender + `","to":"` + sandbox.Sender + `","body":"Hi"}`: 422,
		`{"from":"` + jane + `","to":"` + sandbox.Sender + `","text":"Hi"}`:           400,
		`Hi`: 400,
	} {
		b.control(status, "POST", "inbound", body)
	}
}

func TestStopStartAndHelpHaveTheirEffect(t *testing.T) {
	for name, address := range map[string]string{"a number": jane, "an identity of WhatsApp": "whatsapp:" + jane} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			to := sandbox.Sender
			if address != jane {
				to = sandbox.SenderWhatsApp
			}
			id := b.createContact(`{"name":"Jane","phone":"` + jane + `"}`).ID
			replies := func(body string) int { return len(b.receive(address, to, body).Replies) }
			check := func(when string, declined bool) {
				t.Helper()
				m := b.send()
				c := b.searchContacts("?search=jane")[0]
				if (m.Error == "Recipient opted out") != declined || c.OptOut != declined || c.ID != id {
					t.Errorf("%s: message %+v, contact %+v", when, m, c)
				}
			}
			for _, chat := range []string{"Please stop by", "STOP it", "help me", "No"} {
				if replies(chat) != 0 {
					t.Errorf("%q is answered", chat)
				}
			}
			check("before", false)
			if replies(" stop ") != 1 || replies("STOPALL") != 0 {
				t.Error("STOP is not confirmed once")
			}
			check("after STOP", true)
			if replies("Help") != 1 {
				t.Error("HELP is not answered")
			}
			check("after HELP", true)
			if b.createContact(`{"name":"Twin","phone":"` + jane + `"}`); !b.searchContacts("?search=twin")[0].OptOut {
				t.Error("another contact with the number did not opt out")
			}
			if got := b.state("").OptOuts; cmp.Diff([]string{sandbox.OptedOut, jane}, got) != "" {
				t.Errorf("opted out: %v", got)
			}
			if replies("START") != 1 || replies("UNSTOP") != 0 {
				t.Error("START is not confirmed once")
			}
			check("after START", false)
			if all := b.committed(); len(all) != 4 {
				t.Errorf("%d messages count as sent through the API, want 4", len(all))
			}
			for _, m := range b.state("").Messages {
				if m.SenderType == clerkapi.SenderTypeWorkflow && (m.Inbound || m.Error != "" || m.Sender != to) {
					t.Errorf("a reply: %+v", m)
				}
			}
		})
	}
}

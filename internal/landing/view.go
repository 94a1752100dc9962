package landing

import (
	"html/template"
	"slices"
	"strings"
)

// landingView is what the template landing.html shows.
type landingView struct {
	Name, Version  string
	URL, Outbox    string
	Login, Sandbox bool
	Clients        []clientView
	Tools          []ToolInfo
	Prompts        []prompt
	Others         []otherView
}

// otherView is another endpoint of the server.
type otherView struct{ Title, URL string }

// clientView is a client with its ways as they are on this server.
type clientView struct {
	ID, Name, Note, Unreachable string
	Kind                        Kind
	First                       wayView
	Rest                        []wayView
}

type wayView struct {
	Title string
	Steps []stepView
}

type stepView struct {
	Text    []part
	Snippet *Snippet
	Label   string
	URL     template.URL // of a link, "" for none
}

// part is a run of text; Code is set in the typewriter face.
type part struct {
	Code bool
	Text string
}

// prompt is something to ask for, which a tool does.
type prompt struct{ Title, Text, tool string }

func viewOf(c Client, login bool) clientView {
	v := clientView{ID: c.ID, Name: c.Name, Kind: c.Kind, Note: c.Note, Unreachable: c.Unreachable}
	for i, w := range c.Ways {
		way := wayView{Title: w.Title}
		for _, s := range w.For(login) {
			way.Steps = append(way.Steps, viewOfStep(s))
		}
		if i == 0 {
			v.First = way
		} else {
			v.Rest = append(v.Rest, way)
		}
	}
	return v
}

func viewOfStep(s Step) stepView {
	v := stepView{Text: parts(s.Text), Snippet: s.Snippet}
	if s.Link != nil {
		v.Label = s.Link.Label
		// html/template lets only web and mail addresses into a link. Ours open an editor: scheme
		// and path are constants, and what is variable is percent-encoded.
		v.URL = template.URL(s.Link.URL) //nolint:gosec // see above
	}
	return v
}

// parts splits a sentence at its backquotes.
func parts(text string) []part {
	var out []part
	for i, t := range strings.Split(text, "`") {
		if t != "" {
			out = append(out, part{Code: i%2 == 1, Text: t})
		}
	}
	return out
}

// summaries shortens the tools' descriptions, which are written for models, to what a person skims.
func summaries(tools []ToolInfo) []ToolInfo {
	out := make([]ToolInfo, len(tools))
	for i, t := range tools {
		out[i] = t
		out[i].Description = firstSentence(t.Description)
		if t.Title == "" {
			out[i].Title = t.Name
		}
	}
	return out
}

// firstSentence ends at the first full stop before a space, or at the end of the paragraph.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '.' && text[i+1] == ' ' && !strings.HasSuffix(text[:i], "e.g") && !strings.HasSuffix(text[:i], "i.e") {
			return text[:i+1]
		}
	}
	return text
}

// prompts are things to ask for with some of the tools, as the vendor's documentation has them.
func prompts(tools []ToolInfo) []prompt {
	all := []prompt{
		{"Send a message", "Send a message from +15551234567 to +15559876543 saying “Your appointment is confirmed for tomorrow at 2pm”", "send_message"},
		{"Check recent messages", "Show me the last 10 messages from inbox 5d0e8d03-d09f-47e5-8017-4d00cbf737f4", "get_messages"},
		{"Create a contact", "Create a contact for Jane Smith with phone +15551234567 and email jane@example.com", "create_contact"},
	}
	return slices.DeleteFunc(all, func(p prompt) bool {
		return !slices.ContainsFunc(tools, func(t ToolInfo) bool { return t.Name == p.tool })
	})
}

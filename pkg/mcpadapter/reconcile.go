package mcpadapter

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// maxLookPages bounds how far a message is looked for. In a workspace that has had more messages
// since, looking does not tell.
const maxLookPages = 20

var (
	errTooMany = errors.New("there are more messages than are looked through")
	errUndated = errors.New("there is a message that looks like it and has no time")
)

func (r *sendMessage) asked() any { return r.body }

func (r *sendMessage) formerly() any {
	if r.formerSender == r.body.Sender && slices.Equal(r.formerRecipients, r.body.Recipients) {
		return nil
	}
	body := r.body
	body.Sender, body.Recipients = r.formerSender, r.formerRecipients
	return body
}

// fingerprint is what get_messages shows of a message: not its media.
func (r *sendMessage) fingerprint() any {
	recipients := slices.Sorted(slices.Values(r.body.Recipients))
	return [...]any{r.body.Sender, recipients, r.body.Body}
}

func (r *sendMessage) distinct() bool { return len(r.body.MediaURLs) == 0 }

// search pages through what was sent since. Pages are newest first, so what is sent meanwhile moves
// messages to later pages, where they are seen again, and hides none.
func (r *sendMessage) search(ctx context.Context, api *clerkapi.Client, since time.Time) ([]Match, error) {
	params := clerkapi.FindMessagesParams{Start: since, Limit: maxLimit}
	var found []Match
	for params.Page = 1; params.Page <= maxLookPages; params.Page++ {
		page, _, err := api.Messages.Find(ctx, &params)
		if err != nil {
			return nil, err
		}
		for i := range page.Data {
			m := &page.Data[i]
			seen := func(s Match) bool { return s.ID == string(m.ID) }
			if !r.looksLike(m) || slices.ContainsFunc(found, seen) {
				continue
			}
			switch made := cmp.Or(m.Created, m.Timestamp); {
			case made.IsZero():
				return nil, errUndated
			case made.Before(since):
				continue
			}
			s, err := r.match(m)
			if err != nil {
				return nil, err
			}
			found = append(found, s)
		}
		if !hasMore(params.Page, params.Limit, len(page.Data), page.Total, page.Links.Next) {
			return found, nil
		}
	}
	return nil, errTooMany
}

// looksLike tells whether a message may be the one that was asked for. The members may name the
// sender besides the recipients: the API does not document which it is.
func (r *sendMessage) looksLike(m *clerkapi.Message) bool {
	if m.ID == "" || m.Inbound || m.Body != r.body.Body || !same(m.Sender, r.body.Sender) {
		return false
	}
	if m.CampaignID != "" || m.CampaignMessageID != "" {
		return false
	}
	switch m.SenderType {
	case clerkapi.SenderTypeCampaign, clerkapi.SenderTypeCampaignMessage, clerkapi.SenderTypeWorkflow, clerkapi.SenderTypeAiPipeline:
		return false
	}
	return r.isFor(r.others(m.Members))
}

// others are members in their normal form, without the sender.
func (r *sendMessage) others(members []string) []string {
	var others []string
	toItself := slices.Contains(r.body.Recipients, r.body.Sender)
	for _, member := range members {
		if toItself || !same(member, r.body.Sender) {
			others = append(others, normalAddress(member))
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}

// isFor tells whether sorted members are the recipients.
func (r *sendMessage) isFor(members []string) bool {
	return slices.Equal(members, slices.Sorted(slices.Values(r.body.Recipients)))
}

func same(theirs, ours string) bool { return theirs == ours || normalAddress(theirs) == ours }

// normalAddress is an address as the arguments would have it, or as it is.
func normalAddress(s string) string {
	if a, problem := args.ParseAddress(s, args.Sender); !problem.Is() {
		return a.Normal
	}
	return args.WithPlus(s)
}

// match is a message that was found as the call would have been answered.
func (r *sendMessage) match(m *clerkapi.Message) (Match, error) {
	s := Match{ID: string(m.ID)}
	if m.Status == clerkapi.MessageStatusFailed {
		s.Result = Result{IsError: true, Text: joined([]string{
			"The message was taken for sending as " + s.ID + `, and its status is "failed".`,
			anotherOne,
		})}
		return s, nil
	}
	b, err := encodeJSON(r.sent(m))
	s.Result = Result{Structured: b, Text: string(b)}
	return s, err
}

package clerkapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// maxLimit is how many messages the API gives on a page at most.
const maxLimit = 50

// All iterates over the messages of every page from params.Page on; it stops at the first error,
// which it yields. Pages are fetched as the loop comes to them, each under a deadline of its own; a
// params.Limit of 0 means pages of 50.
//
// Messages that arrive meanwhile move the others on to the next page: one that was on the page
// before is not yielded again. Breaking out of the loop ends it without another request.
func (s *MessagesService) All(ctx context.Context, params *FindMessagesParams) iter.Seq2[*Message, error] {
	var first FindMessagesParams
	if params != nil {
		first = *params
	}
	first.Page = max(first.Page, 1)
	first.Limit = valueOr(first.Limit, maxLimit)
	return func(yield func(*Message, error) bool) {
		p := pager{params: first}
		for more := true; more; p.params.Page++ {
			page, _, err := s.Find(ctx, &p.params)
			var fresh []*Message
			if err == nil {
				fresh, more, err = p.take(page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, m := range fresh {
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

// maxStale is how many pages in a row bring nothing new before that is an error. One may, if as
// many messages as fit on a page arrive between two requests; an API that overlooks the page number
// would go on for ever.
const maxStale = 2

// pager knows how far an iteration has come.
type pager struct {
	params FindMessagesParams
	// skipped counts the messages on pages before the first that was asked for; seen those taken
	// since.
	skipped, seen int64
	started       bool
	// before has the ids of the page before; stale counts pages without a new one.
	before map[ID]bool
	stale  int
}

// take returns the messages of a page that were not on the page before, and whether to ask for
// another page. The end is believed only if nothing speaks against it, since a page too many costs
// one request and a page too few hides messages; a page without messages ends it in any case.
func (p *pager) take(page *MessagePage) (fresh []*Message, more bool, err error) {
	n := int64(len(page.Data))
	if n == 0 {
		return nil, false, nil
	}
	if !p.started {
		p.started = true
		p.skipped = int64(p.params.Page-1) * n
	}
	p.seen += n
	if fresh = p.fresh(page.Data); len(fresh) > 0 {
		p.stale = 0
	} else if p.stale++; p.stale == maxStale {
		return nil, false, &Error{Operation: opFindMessages.id, Reason: ErrBadAnswer, Status: http.StatusOK,
			Message: fmt.Sprintf("page %d has the messages of the page before once more", p.params.Page)}
	}
	switch {
	case page.Links.Next != "":
		more = true
	case page.Total > 0:
		more = p.skipped+p.seen < page.Total
	default:
		more = page.Links == PageLinks{} && n >= int64(p.params.Limit)
	}
	return fresh, more, nil
}

func (p *pager) fresh(page []Message) []*Message {
	ids := make(map[ID]bool, len(page))
	fresh := make([]*Message, 0, len(page))
	for i := range page {
		m := &page[i]
		if m.ID == "" || !p.before[m.ID] {
			fresh = append(fresh, m)
		}
		ids[m.ID] = true
	}
	p.before = ids
	return fresh
}

package histories_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// made is all that the API has committed.
type made struct {
	Messages []message
	contacts []contact
}

type message struct {
	ID         int64
	Body       string
	SentByName string // the call that sent it
	CampaignID int64
	Created    time.Time
}

type contact struct{ ID, Name string }

func (w *world) made() made {
	var m made
	var page struct{ Data []contact }
	for path, into := range map[string]any{"/_sandbox/messages": &m, "/public/contacts": &page} {
		if err := json.Unmarshal(w.control(http.MethodGet, path, ""), into); err != nil {
			panic(err)
		}
	}
	m.contacts = page.Data
	return m
}

// of are the ids of what was made for an intent, each once: of a message by the mark of the calls,
// since others may look like it, of all else by its text.
func (m made) of(i *intent) []string {
	var ids []string
	seen := map[string]bool{}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	switch i.kind {
	case aMessage:
		for _, c := range i.calls {
			ids = append(ids, m.by(c)...)
		}
	case aCampaign:
		for _, message := range m.Messages {
			if message.Body == i.text {
				add(strconv.FormatInt(message.CampaignID, 10))
			}
		}
	case aContact:
		return m.named(i.text)
	case aBatch:
	}
	return ids
}

// sent tells whether a call of that name is one of the intent's.
func (i *intent) sent(by string) bool {
	for _, c := range i.calls {
		if c.name() == by {
			return true
		}
	}
	return false
}

func (m made) by(c *call) []string {
	var ids []string
	for _, message := range m.Messages {
		if message.SentByName == c.name() {
			ids = append(ids, strconv.FormatInt(message.ID, 10))
		}
	}
	return ids
}

func (m made) named(name string) []string {
	var ids []string
	for _, c := range m.contacts {
		if c.Name == name {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// verdict holds what clients were told against what was made.
type verdict struct {
	world *world
	// before is what was made before everything was asked for once more, after is all.
	before, after made
	wrong         []string
	open          int // what could have been found out, and was not
}

func (v *verdict) fault(c *call, format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf("%s of intent %d (%s, key %q): ", c.name(), c.intent.number, c.intent.kind,
		c.intent.key)+fmt.Sprintf(format, args...))
}

func (v *verdict) judge(intents []*intent) {
	alike := map[string]int{}
	for _, i := range intents {
		if i.kind == aMessage {
			alike[i.text]++
		}
	}
	for _, i := range intents {
		for _, c := range i.calls {
			v.answered(c)
		}
		if i.kind == aBatch {
			for k, name := range i.names {
				v.contact(i, k, name)
			}
			continue
		}
		v.once(i)
		for _, c := range i.calls {
			v.told(c)
		}
		if i.key != "" {
			v.found(i, alike[i.text] > 1 || i.media)
		}
	}
}

// answered: nothing is dropped in silence.
func (v *verdict) answered(c *call) {
	switch {
	case c.broken != "":
		v.fault(c, "the answer says nothing: %s", c.broken)
	case c.cut && !c.left && !c.on.isDead(), c.cut && c.last:
		v.fault(c, "there was no answer")
	}
}

// once: nothing is made twice.
func (v *verdict) once(i *intent) {
	ids := v.after.of(i)
	if len(ids) < 2 || !v.oneOf(i) || v.world.defect.resends && v.unseen(i) {
		return
	}
	v.fault(i.calls[0], "was made %d times: %v", len(ids), ids)
}

// lookTime is the longest between the last look for an attempt and the attempt that takes its
// place.
const lookTime = 10 * time.Second

// unseen tells whether each message of an intent was sent again only because it could not be seen:
// it came into being after its place was taken, or at most just before that.
func (v *verdict) unseen(i *intent) bool {
	if i.kind != aMessage || i.key == "" || i.media {
		return false
	}
	for _, first := range i.calls {
		for _, message := range v.after.Messages {
			if message.SentByName != first.name() {
				continue
			}
			for _, next := range i.calls {
				again := len(v.after.by(next)) > 0 && next.posted.After(first.posted)
				if again && next.posted.Sub(message.Created) > lookTime && !v.world.jumped {
					return false
				}
			}
		}
	}
	return true
}

// oneOf tells whether all calls of an intent are to be taken for one: those under a key are, those
// without one if they came in a session or through the balancer while the first ran or soon after.
func (v *verdict) oneOf(i *intent) bool {
	if i.key != "" {
		return true
	}
	if !i.recognizable() {
		return false
	}
	first := i.calls[0].returned
	for _, c := range i.calls {
		if c.returned.Before(first) {
			first = c.returned
		}
	}
	for _, c := range i.calls {
		if c.begun.After(first.Add(repeatable)) {
			return false
		}
	}
	return v.world.wiped.IsZero() // without a key a lost memory cannot be told
}

// recognizable tells whether there is something by which a call that is transmitted again can be
// told from another client's.
func (i *intent) recognizable() bool { return i.key != "" || !i.who.modern || i.who.proxied }

// repeatable is how long after its end a call without a key is known again, and some seconds less.
const repeatable = 50 * time.Second

// told: what is said to be there is there, and what is said not to be is not.
func (v *verdict) told(c *call) {
	mine := v.after.of(c.intent)
	alone := c.intent.kind == aMessage && !c.intent.recognizable() // what the other calls sent is not this one's
	if alone {
		mine = v.after.by(c)
	}
	switch c.path {
	case "executed", "replayed", "reconciled":
		switch {
		case c.id == "" && len(mine) == 0:
			v.fault(c, "is said to be %s, and is not there", c.path)
		case c.id != "" && !contains(mine, c.id):
			v.fault(c, "is said to be %s as %s, and that is not there for it: %v", c.path, c.id, mine)
		}
	case "not_found_yet":
		for _, message := range v.after.Messages {
			its := message.SentByName == c.name() || !alone && c.intent.sent(message.SentByName)
			if its && message.Created.Before(c.begun) && !v.world.jumped {
				v.fault(c, "is said not to be seen, and was there before as %d", message.ID)
			}
		}
	case "not_executed":
		if ids := v.after.by(c); len(ids) > 0 {
			v.fault(c, "is said not to be sent, and is there as %v", ids)
		}
		if !strings.Contains(c.text, "Nothing was sent.") || !v.oneOf(c.intent) {
			return // it speaks of itself only, or as if it was the first
		}
		for _, other := range c.intent.calls {
			if ids := v.after.by(other); len(ids) > 0 && other.posted.Before(c.begun) {
				v.fault(c, "nothing is said to be sent, and %s had sent %v", other.name(), ids)
			}
		}
	}
}

// found: what is asked for again in the end, when everything works, is known as well as can be.
func (v *verdict) found(i *intent, alike bool) {
	c := i.calls[len(i.calls)-1]
	if !c.last || c.cut || c.broken != "" {
		return
	}
	if !v.world.wiped.IsZero() {
		if c.path == "executed" {
			v.fault(c, "is %s, though the memory of its key was lost", c.path)
		}
		return
	}
	known := c.path == "replayed" || c.path == "reconciled"
	switch there := len(v.before.of(i)) > 0; {
	case c.path == "in_progress", c.path == "not_executed":
		v.fault(c, "is %s when nothing else is done: %s", c.path, c.text)
	case there && !known && i.kind == aMessage && !alike && !v.world.jumped:
		if v.world.died {
			v.open++ // who died may have left behind what cannot be told from a work of its own
			return
		}
		v.fault(c, "is %s, though it is there and nothing looks like it", c.path)
	}
}

// contact judges one contact of a batch.
func (v *verdict) contact(i *intent, k int, name string) {
	first, ids := i.calls[0], v.after.named(name)
	if len(ids) > 1 && v.oneOf(i) {
		v.fault(first, "%s was made %d times", name, len(ids))
	}
	mayBe := false
	for _, c := range i.calls {
		result := part{result: "unknown"}
		switch {
		case k < len(c.parts):
			result = c.parts[k]
		case c.path == "not_executed":
			result.result = "not_attempted"
		}
		switch result.result {
		case "created":
			if !contains(ids, result.id) {
				v.fault(c, "%s is said to be created as %s, and is not there: %v", name, result.id, ids)
			}
			mayBe = true
		case "failed", "not_attempted":
		default:
			mayBe = true
		}
	}
	if len(ids) > 0 && !mayBe {
		v.fault(first, "%s was made, and every answer says that it was not", name)
	}
}

func contains(ids []string, id string) bool {
	for _, known := range ids {
		if known == id {
			return true
		}
	}
	return false
}

package histories_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// kind is what an intent is to make.
type kind int

const (
	aMessage kind = iota
	aContact
	aCampaign
	aBatch
)

func (k kind) String() string { return [...]string{"message", "contact", "campaign", "batch"}[k] }

func (k kind) tool() string {
	return [...]string{"send_message", "create_contact", "create_campaign", "create_contacts_batch"}[k]
}

func (k kind) operation() string {
	return [...]string{"sendMessage", "createContact", "createCampaign", "createContacts"}[k]
}

const (
	batchSize = 2
	recipient = "+15559876543"
)

// intent is something that somebody wants done once. It is transmitted as often as its moves say.
type intent struct {
	number int
	kind   kind
	who    *client
	// key is what the client names it by; "" if only a transport's repetition can be recognized, if
	// that.
	key string
	// inMeta has the key travel beside the arguments.
	inMeta bool
	// text is what it makes; names are those of a batch's contacts.
	text  string
	names []string
	// media has a message carry a picture, of which looking shows nothing.
	media     bool
	requestID int
	moves     []move

	mu    sync.Mutex
	calls []*call
}

// client is somebody who makes calls, with a session or in the era that has none.
type client struct {
	subject string
	modern  bool
	proxied bool // by a balancer that names its requests
	session string
}

// move is one transmission of an intent.
type move struct {
	// after is the pause since the move before it ended, or since it began if this is its twin.
	after time.Duration
	twin  bool
	// same has it carry the same bytes as the first, as when a balancer or a transport repeats it;
	// else the client makes a new call.
	same     bool
	pick     int // of a replica
	patience time.Duration
	traps    []trap
	fault    string // of the API
	lookless string // a fault of looking
}

// transmission makes the bytes of a call.
func (i *intent) transmission(requestID int) transmission {
	arguments := map[string]any{}
	switch i.kind {
	case aMessage:
		arguments["sender"], arguments["recipients"], arguments["body"] = sandbox.Sender, []string{recipient}, i.text
		if i.media {
			arguments["media_urls"] = []string{"https://example.com/picture.png"}
		}
	case aCampaign:
		arguments["sender"], arguments["list_name"], arguments["body"] = sandbox.Sender, sandbox.List, i.text
	case aContact:
		arguments["name"] = i.text
	case aBatch:
		var contacts []map[string]string
		for _, name := range i.names {
			contacts = append(contacts, map[string]string{"name": name})
		}
		arguments["contacts"] = contacts
	}
	meta := map[string]any{}
	switch {
	case i.key == "":
	case i.inMeta:
		meta["chat.clerk/idempotency_key"] = i.key
	default:
		arguments["idempotency_key"] = i.key
	}
	t := transmission{subject: i.who.subject, from: "192.0.2.1:1234"}
	if i.who.modern {
		meta["io.modelcontextprotocol/protocolVersion"] = modern
		meta["io.modelcontextprotocol/clientInfo"] = map[string]string{"name": "histories", "version": "1"}
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		t.headers = []string{"Mcp-Protocol-Version", modern, "Mcp-Method", "tools/call", "Mcp-Name", i.kind.tool()}
	} else {
		t.headers = []string{"Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", i.who.session}
	}
	if i.who.proxied {
		t.from = balancer + ":1234"
		t.headers = append(t.headers, "X-Request-Id", fmt.Sprintf("%s-%d-%d", "balanced-request", i.number, requestID))
	}
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": requestID, "method": "tools/call",
		"params": map[string]any{"name": i.kind.tool(), "arguments": arguments, "_meta": meta},
	})
	if err != nil {
		panic(err)
	}
	t.body = string(body)
	return t
}

const modern = "2026-07-28"

// newIntent draws an intent and its moves. It may look like one of those before it.
func newIntent(r *rand.Rand, number int, who *client, before []*intent) *intent {
	i := &intent{number: number, who: who, text: fmt.Sprintf("text %d", number), requestID: 1000 * (number + 1)}
	switch n := r.IntN(100); {
	case n < 70:
	case n < 80:
		i.kind = aContact
	case n < 88:
		i.kind = aCampaign
	default:
		i.kind = aBatch
		for k := range 1 + r.IntN(5) {
			i.names = append(i.names, fmt.Sprintf("contact %d of %d", k, number))
		}
	}
	if chance(r, 75) {
		i.key, i.inMeta = fmt.Sprintf("key %d", number), chance(r, 20)
	}
	for _, other := range before {
		if other.kind != i.kind {
			continue
		}
		if i.kind == aMessage && chance(r, 35) {
			i.text = other.text // for the second time, and meant so
		}
	}
	if i.key != "" && len(before) > 0 && chance(r, 20) {
		// Somebody else's key is another one.
		theirs := before[r.IntN(len(before))]
		if !slices.ContainsFunc(before, func(o *intent) bool { return o.key == theirs.key && o.who.subject == who.subject }) {
			i.key = theirs.key
		}
	}
	i.moves = newMoves(r, i)
	i.media = i.kind == aMessage && chance(r, 12)
	return i
}

func newMoves(r *rand.Rand, i *intent) []move {
	var moves []move
	for n := range 1 + r.IntN(4) {
		m := move{pick: r.IntN(1 << 16), patience: endless, after: upTo(r, 3*time.Second)}
		if n == 0 {
			m.after = upTo(r, 6*time.Second)
		}
		m.twin = n > 0 && chance(r, 40)
		if m.twin {
			m.after = upTo(r, 300*time.Millisecond)
		}
		// Without a key only what is transmitted again is known again.
		m.same = n > 0 && (i.key == "" || chance(r, 40))
		if chance(r, 25) {
			m.patience = upTo(r, 8*time.Second)
		}
		if chance(r, 45) {
			m.fault = newFault(r, i.kind.operation())
		}
		if chance(r, 15) {
			m.lookless = newLookFault(r)
		}
		if chance(r, 35) {
			m.traps = append(m.traps, newTrap(r))
		}
		moves = append(moves, m)
	}
	if chance(r, 10) {
		overtake(r, moves)
	}
	return moves
}

// overtake has the first transmission stand still early on, and the next one come in the meantime.
func overtake(r *rand.Rand, moves []move) {
	moves[0].traps = []trap{{side: toStore, steps: 3 + r.IntN(20), act: stall, wait: 3*time.Second + upTo(r, 20*time.Second)}}
	moves[0].patience = endless
	if len(moves) > 1 {
		moves[1].twin, moves[1].after, moves[1].traps = true, upTo(r, time.Second), nil
	}
}

func newTrap(r *rand.Rand) trap {
	t := trap{side: toStore, steps: r.IntN(30), act: act(r.IntN(3))}
	if chance(r, 20) {
		t.steps *= 3
	}
	if chance(r, 40) {
		t.side, t.steps = toAPI, r.IntN(6)
	}
	t.wait = upTo(r, 2*time.Second)
	if chance(r, 40) {
		t.wait = 5*time.Second + upTo(r, 30*time.Second)
	}
	return t
}

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

func upTo(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(1+r.Int64N(int64(d/time.Millisecond)))*time.Millisecond + time.Duration(r.IntN(1000))*time.Microsecond
}

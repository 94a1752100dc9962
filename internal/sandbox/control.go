package sandbox

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
)

// control is something that tests and demonstrations steer the sandbox with.
type control struct {
	pattern string // of ServeMux
	help    string // what it does, and what it takes, for the start page
	handler http.HandlerFunc
}

// controls are all of them.
func (s *Sandbox) controls() []control {
	return []control{
		{"GET /_sandbox/messages", `what was sent through the API, in order: {"messages":[…]}`, s.listMessages},
		{"GET /_sandbox/state", `all that a team has (?team=Globex: the second): messages, contacts, campaigns, lists, optOuts`, s.showState},
		{"POST /_sandbox/inbound", `somebody writes to a number of a team: {"from","to","body","mediaUrls"}; ` +
			`STOP, START and HELP have their effect`, s.receiveInbound},
		{"GET /_sandbox/lists", `the lists of a team: {"lists":[{"name","members"}]}`, s.showLists},
		{"PUT /_sandbox/lists", `make or fill a list: {"name","members":[ids or numbers]}; no members: an empty list`, s.putList},
		{"PUT /_sandbox/history", `add older messages: {"messages":1000,"every":"1m"}`, s.makeHistory},
		{"GET /_sandbox/clock", `the time: {"now"}`, s.showClock},
		{"PUT /_sandbox/clock", `move it ahead: {"advance":"24h"}, or {"now":"2030-01-31T09:30:00Z"}`, s.moveClock},
		{"GET /_sandbox/settings", `how it behaves: {"lenient","requests_per_second"}`, s.showSettings},
		{"PUT /_sandbox/settings", `change that: lenient takes what carriers refuse; over requests_per_second (0: any) is 429`, s.changeSettings},
		{"GET /_sandbox/requests", `REST requests by operation: {"requests":{"sendMessage":3}}`, s.listRequests},
		{"GET /_sandbox/faults", `what is still to go wrong: {"faults":[…]}`, s.listFaults},
		{"PUT /_sandbox/faults", `let the next requests fail: {"operation","kind","count"}; kinds drop_before_commit, drop_after_commit, ` +
			`status (status, retry_after), delay (ms), commit_late (ms)`, s.addFault},
		{"DELETE /_sandbox/faults", `forget them`, s.clearFaults},
		{"GET " + provider.ControlPath, `the sign-in`, s.signIn.Control().ServeHTTP},
		{"PUT " + provider.ControlPath, `change the sign-in, in the fields that GET shows`, s.signIn.Control().ServeHTTP},
		{"PUT " + provider.ControlPath + "/keys", `rotate the keys that its tokens are signed with`, s.signIn.Control().ServeHTTP},
		{"PUT " + provider.ControlPath + "/revoke", `revoke what a person was granted`, s.signIn.Control().ServeHTTP},
		{"PUT " + provider.ControlPath + "/claims", `change what tokens say of a person`, s.signIn.Control().ServeHTTP},
		{"POST /_sandbox/reset", `everything as at the start; ids go on`, func(w http.ResponseWriter, _ *http.Request) {
			s.reset()
			w.WriteHeader(http.StatusNoContent)
		}},
	}
}

// control serves the controls.
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	for _, c := range s.controls() {
		mux.HandleFunc(c.pattern, c.handler)
	}
	mux.Handle(provider.ControlPath, s.signIn.Control()) // its other methods and paths are its own
	mux.Handle(provider.ControlPath+"/", s.signIn.Control())
	return mux
}

// sameOrigin refuses requests that a page of another site makes a browser send: control needs no
// key, and a sandbox mostly listens on loopback, which every page may reach.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			u, err := url.Parse(origin)
			if err != nil || u.Host == "" || u.Host != r.Host && !netx.IsLoopback(u.Hostname()) {
				http.Error(w, "requests of other origins are refused", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// controlMessage is a REST message, and what REST does not show of it.
type controlMessage struct {
	wireMessage
	MediaURLs []string `json:"mediaUrls,omitempty"`
	Team      string   `json:"team,omitempty"` // of teams other than the first
}

func (s *Sandbox) listMessages(w http.ResponseWriter, _ *http.Request) {
	list := []controlMessage{}
	s.mu.Lock()
	heads := make([][]*message, len(s.teams)) // each in order already, also when the clock went back
	for i, t := range s.teams {
		s.stores[t.name].advance(s.present())
		heads[i] = s.stores[t.name].committed()
	}
	for {
		next := earliest(heads)
		if next < 0 {
			break
		}
		m, st, shown := heads[next][0], s.stores[s.teams[next].name], ""
		if next > 0 {
			shown = st.team.name
		}
		list = append(list, controlMessage{st.wire(m), m.mediaURLs, shown})
		heads[next] = heads[next][1:]
	}
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, map[string]any{"messages": list}})
}

// earliest finds the list whose first message was committed before those of the others, or gives
// -1.
func earliest(heads [][]*message) int {
	found := -1
	for i, head := range heads {
		if len(head) == 0 {
			continue
		}
		if found < 0 || cmp.Or(head[0].at.Compare(heads[found][0].at), cmp.Compare(head[0].seq, heads[found][0].seq)) < 0 {
			found = i
		}
	}
	return found
}

func (s *Sandbox) listRequests(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	counts := maps.Clone(s.requests)
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, map[string]any{"requests": counts}})
}

func (s *Sandbox) listFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	pending := append(faultQueue{}, s.faults...)
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, map[string]any{"faults": pending}})
}

func (s *Sandbox) addFault(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, "the fault could not be read: "+err.Error()))
		return
	}
	f, err := parseFault(body, append(s.document.operations(), provider.Operations()...), s.document.changing())
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	s.faults = append(slices.Clip(s.faults), f)
	s.mu.Unlock()
	s.listFaults(w, r)
}

func (s *Sandbox) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.faults = nil
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

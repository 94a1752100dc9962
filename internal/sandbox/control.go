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

// control serves what tests and demonstrations steer the sandbox with.
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/messages", s.listMessages)
	mux.HandleFunc("GET /_sandbox/requests", s.listRequests)
	mux.HandleFunc("GET /_sandbox/faults", s.listFaults)
	mux.HandleFunc("PUT /_sandbox/faults", s.addFault)
	mux.HandleFunc("DELETE /_sandbox/faults", s.clearFaults)
	mux.Handle(provider.ControlPath, s.signIn.Control())
	mux.Handle(provider.ControlPath+"/", s.signIn.Control())
	mux.HandleFunc("POST /_sandbox/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.reset()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// sameOrigin refuses requests that a page of another site makes a browser send: control needs no key, and a sandbox
// mostly listens on loopback, which every page may reach.
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

// earliest finds the list whose first message was committed before those of the others, or gives -1.
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

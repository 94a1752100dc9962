package sandbox

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// control serves what tests and demonstrations steer the sandbox with.
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/messages", s.listMessages)
	mux.HandleFunc("GET /_sandbox/requests", s.listRequests)
	mux.HandleFunc("GET /_sandbox/faults", s.listFaults)
	mux.HandleFunc("PUT /_sandbox/faults", s.addFault)
	mux.HandleFunc("DELETE /_sandbox/faults", s.clearFaults)
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
			if err != nil || u.Host == "" || u.Host != r.Host && !loopback(u.Hostname()) {
				http.Error(w, "requests of other origins are refused", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// controlMessage is a REST message, and what REST does not show of it.
type controlMessage struct {
	wireMessage
	MediaURLs []string `json:"mediaUrls,omitempty"`
}

func (s *Sandbox) listMessages(w http.ResponseWriter, _ *http.Request) {
	list := []controlMessage{}
	s.mu.Lock()
	s.store.advance(s.present())
	for _, m := range s.store.committed() {
		list = append(list, controlMessage{s.store.wire(m), m.mediaURLs})
	}
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, map[string]any{"messages": list}})
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
	f, err := parseFault(body, s.document.operations())
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

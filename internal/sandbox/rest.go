package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
)

// maxBody is the most that the body of a request may have.
const maxBody = 1 << 20

// request is a REST request that fits the document.
type request struct {
	id    string // the path's, if it has one
	url   *url.URL
	query url.Values
	body  []byte
}

// operation carries a request out on the store.
type operation func(*store, request) answer

// rest serves one path of the document. The order matters: who has no key learns nothing else, and
// a fault is only spent on a request that would have been carried out.
func (s *Sandbox) rest(methods map[string]*routers.Route, served map[string]operation) http.HandlerFunc {
	allow := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		route, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", allow)
			s.write(w, refuse(http.StatusMethodNotAllowed, fmt.Sprintf("Cannot %s %s", r.Method, r.URL.Path)))
			return
		}
		name := route.Operation.OperationID
		s.count(name)
		s.options.Logger.Debug("sandbox: request", "operation", name)
		team, err := s.authenticate(w, r)
		if err != nil {
			s.regular(w, r, route, refuseBare(http.StatusUnauthorized))
			return
		}
		if wait := s.overRate(team); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(wait))
			s.regular(w, r, route, refuseBare(http.StatusTooManyRequests))
			return
		}
		req, refused := s.read(w, r, route)
		if refused != nil {
			if refused.status == http.StatusRequestEntityTooLarge {
				s.write(w, *refused) // the document has no such status
				return
			}
			s.regular(w, r, route, *refused)
			return
		}
		s.faulty(w, r, name, func() func() {
			a := s.carryOut(team, served[name], req)
			return func() { s.regular(w, r, route, a) }
		}, func(wait time.Duration) { s.carryOutLater(team, served[name], req, wait) })
	}
}

// read takes the request in and checks it.
func (s *Sandbox) read(w http.ResponseWriter, r *http.Request, route *routers.Route) (request, *answer) {
	refused := func(a answer) (request, *answer) { return request{}, &a }
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refused(refuse(http.StatusRequestEntityTooLarge, "request entity too large"))
	}
	if err != nil {
		return refused(refuse(http.StatusBadRequest, "the request body could not be read"))
	}
	if route.Operation.RequestBody != nil {
		switch contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); {
		case len(body) == 0:
			return refused(refuse(http.StatusBadRequest, "the request body is empty"))
		case !strings.EqualFold(strings.TrimSpace(contentType), "application/json"):
			return refused(refuse(http.StatusBadRequest, "Content-Type must be application/json"))
		case !json.Valid(body):
			return refused(refuse(http.StatusBadRequest, "the request body is not JSON"))
		}
	}
	if found := s.document.checkRequest(r, route, body); len(found) > 0 {
		if slices.ContainsFunc(found, func(v violation) bool { return v.field == "sender" && v.kind == "type" }) {
			return refused(refuseBare(http.StatusUnprocessableEntity)) // as the real API was seen to do
		}
		return refused(refuse(http.StatusUnprocessableEntity, found.lines()))
	}
	return request{id: r.PathValue("id"), url: r.URL, query: r.URL.Query(), body: body}, nil
}

func (s *Sandbox) count(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[operation]++
}

func (s *Sandbox) carryOut(team string, op operation, req request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[team]
	st.advance(s.present())
	return op(st, req)
}

// carryOutLater lets the store do it by itself when the time has come. Nobody hears of the answer.
func (s *Sandbox) carryOutLater(team string, op operation, req request, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[team]
	st.advance(s.present())
	st.later(st.present.Add(wait), func() { op(st, req) })
}

// regular sends an answer that the document describes. One that violates it is a bug of the
// sandbox, and said to be.
func (s *Sandbox) regular(w http.ResponseWriter, r *http.Request, route *routers.Route, a answer) {
	name := route.Operation.OperationID
	body, err := a.encode()
	found := violations{{reason: "it cannot be encoded"}}
	if err == nil {
		found = s.document.checkAnswer(r, route, a.status, body)
	}
	if len(found) > 0 {
		s.options.Logger.Error("sandbox: answer violates the REST document",
			"operation", name, "status", a.status, "violations", found.String())
		s.write(w, refuse(http.StatusInternalServerError,
			fmt.Sprintf("bug of the sandbox: its answer to %s violates the REST document: %s", name, found)))
		return
	}
	writeRaw(w, a.status, body)
}

var errKey = errors.New("the header apiKey is missing or has no valid key")

// authenticate names the team that a request is made for: by its key or, without one, by the access
// token of somebody who signed in. Digests are compared, so that neither a key's
// content nor its length shows in the time it takes.
func (s *Sandbox) authenticate(w http.ResponseWriter, r *http.Request) (team string, err error) {
	token := provider.Bearer(r)
	if len(r.Header.Values("apiKey")) == 0 && token != "" {
		if team, err = s.signIn.Team(token); err != nil {
			w.Header().Set("WWW-Authenticate", provider.Challenge)
		}
		return team, err
	}
	got, err := sha256.Sum256([]byte(r.Header.Get("apiKey"))), errKey
	for _, t := range s.teams {
		want := sha256.Sum256([]byte(t.key))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			team, err = t.name, nil
		}
	}
	return team, err
}

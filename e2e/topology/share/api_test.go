//go:build unix

package share_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// api is a Clerk Chat that is good at counting: it answers everything after the same time.
type api struct {
	url   string
	delay time.Duration
	page  string // what a search for messages finds, as JSON

	mu         sync.Mutex
	sent       map[string]int // by text
	contacts   int
	requests   int
	busy, most int // requests at once, now and at most
}

// slow is how long the API takes in most loads.
const slow = 50 * time.Millisecond

func newAPI(t testing.TB, delay time.Duration) *api {
	t.Helper()
	a := &api{delay: delay, sent: map[string]int{}, page: `{"data":[],"total":0}`}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /public/messages", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, a.page) })
	mux.HandleFunc("POST /public/messages", a.send)
	mux.HandleFunc("POST /public/contacts/batch", a.create)
	server := httptest.NewServer(a.counted(mux))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// counted notes how many requests there are at once, and takes its time for each.
func (a *api) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.requests++
		a.busy++
		a.most = max(a.most, a.busy)
		a.mu.Unlock()
		defer func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.busy--
		}()
		time.Sleep(a.delay)
		next.ServeHTTP(w, r)
	})
}

func (a *api) answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// message is one of the API's, with a text that needs no escaping.
func message(id int, text string) string {
	const at = "2026-01-02T03:04:05Z"
	return fmt.Sprintf(`{"id":%d,"body":"%s","conversationId":"c","inbound":false,"members":["+15551234567"],"sender":"+15551234567",`+
		`"senderType":"user","status":"sending","created":"%s","updated":"%s","timestamp":"%s","seen":false,"segments":1}`, id, text, at, at, at)
}

func (a *api) send(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		a.answer(w, http.StatusBadRequest, `{}`)
		return
	}
	a.mu.Lock()
	a.sent[asked.Body]++
	id := len(a.sent)
	a.mu.Unlock()
	a.answer(w, http.StatusCreated, `{"data":`+message(id, asked.Body)+`}`)
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Contacts []struct{} }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		a.answer(w, http.StatusBadRequest, `{}`)
		return
	}
	a.mu.Lock()
	first := a.contacts
	a.contacts += len(asked.Contacts)
	a.mu.Unlock()
	a.answer(w, http.StatusCreated, `{"data":`+list(len(asked.Contacts), func(i int) string {
		return fmt.Sprintf(`{"id":"c%d"}`, first+i)
	})+`}`)
}

// texts is how many texts were sent, each as often as it was, and how many of them more than once.
func (a *api) texts() (all, twice int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, times := range a.sent {
		all += times
		if times > 1 {
			twice++
		}
	}
	return all, twice
}

func (a *api) created() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.contacts
}

// asked is how many requests there were, and how many of them at once.
func (a *api) asked() (all, atOnce int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests, a.most
}

// fill makes every page that is found one of fifty long messages.
func (a *api) fill() {
	text := strings.Repeat("x", 1600)
	a.page = `{"data":` + list(50, func(i int) string { return message(i+1, text) }) + `,"total":1000000}`
}

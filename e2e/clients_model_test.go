//go:build unix

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// model stands in for the model of a client that is an agent: it speaks the APIs of three makers,
// and calls the tools that a test tells it to. Between calls it thinks.
type model struct {
	*httptest.Server
	calls   chan toolCall
	results chan string
	turn    chan struct{} // held by the one request that plays
	asked   bool          // a call is out, guarded by turn
}

type toolCall struct {
	name      string
	arguments map[string]any
}

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{calls: make(chan toolCall), results: make(chan string), turn: make(chan struct{}, 1)}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /v1/messages", m.anthropic)
	routes.HandleFunc("POST /v1/responses", m.openAI)
	routes.HandleFunc("POST /v1beta/models/{model}", m.gemini)
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"object":"list","data":[],"models":[]}`))
	})
	m.Server = httptest.NewServer(routes)
	t.Cleanup(func() {
		m.CloseClientConnections() // of clients that were killed
		m.Close()
	})
	return m
}

// call lets the model call a tool, and gives the result that the client shows it.
func (m *model) call(ctx context.Context, name string, arguments map[string]any) (string, error) {
	select {
	case m.calls <- toolCall{name, arguments}:
	case <-ctx.Done():
		return "", errors.New("the client does not ask the model what to do")
	}
	select {
	case result := <-m.results:
		return result, nil
	case <-ctx.Done():
		return "", errors.New("the client does not show the model a result")
	}
}

// next decides what the model answers, given the tools it may call and the results it was shown: a
// call, under the name that the client has for the tool, or nil for mere words.
func (m *model) next(ctx context.Context, tools []string, results []any) *toolCall {
	named := func(tool string) string {
		for _, name := range tools {
			if strings.HasSuffix(name, tool) {
				return name
			}
		}
		return ""
	}
	if named("send_message") == "" {
		return nil // titles, summaries, warming up
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil
	}
	if m.asked && len(results) > 0 {
		data, _ := json.Marshal(results[len(results)-1]) // it was JSON
		select {
		case m.results <- string(data):
			m.asked = false
		case <-ctx.Done():
			return nil
		}
	}
	select {
	case c := <-m.calls:
		m.asked = true
		c.name = named(c.name)
		return &c
	case <-ctx.Done():
		return nil
	}
}

func id(prefix string) string { return prefix + strings.ToLower(rand.Text()[:12]) }

// stream answers with server-sent events, each with its type where it has one.
func stream(w http.ResponseWriter, events ...map[string]any) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, event := range events {
		data, _ := json.Marshal(event)
		if kind, ok := event["type"]; ok {
			_, _ = fmt.Fprintf(w, "event: %v\n", kind)
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func asked(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(r.Body).Decode(into)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}

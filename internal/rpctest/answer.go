package rpctest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"testing"
)

// Answer is an HTTP answer, read to its end.
type Answer struct {
	Status int
	Header http.Header
	// Body is what was kept of the body, and Length how long it was.
	Body   string
	Length int64
}

// Message is a JSON-RPC message: an answer, or what an event stream has before it.
type Message struct {
	ID     json.RawMessage // nil: it has none
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *Error
}

// Error is that of a JSON-RPC answer.
type Error struct {
	Code    int
	Message string
	Data    json.RawMessage
}

// Read reads the message, or the batch of them, that a body of JSON is.
func Read(body []byte) ([]Message, error) {
	parts := []json.RawMessage{body}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		if err := json.Unmarshal(body, &parts); err != nil {
			return nil, err
		}
	}
	var all []Message
	for _, part := range parts {
		var m struct {
			Version string `json:"jsonrpc"`
			Message
		}
		if err := json.Unmarshal(part, &m); err != nil {
			return nil, err
		}
		if m.Version != "2.0" || m.Method == "" && m.Result == nil && m.Error == nil {
			return nil, errors.New("it is not JSON-RPC 2.0")
		}
		all = append(all, m.Message)
	}
	return all, nil
}

// Messages reads what the body has, be it JSON or a whole event stream.
func (a Answer) Messages() ([]Message, error) {
	if kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); kind != "text/event-stream" {
		return Read([]byte(a.Body))
	}
	var all []Message
	for event := range strings.SplitSeq(strings.ReplaceAll(a.Body, "\r\n", "\n"), "\n\n") {
		var data []string
		for line := range strings.Lines(event) {
			if text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "data:"); ok {
				data = append(data, strings.TrimPrefix(text, " "))
			}
		}
		if len(data) == 0 { // a comment that keeps the connection alive
			continue
		}
		some, err := Read([]byte(strings.Join(data, "\n")))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Message is the one message that the body has to be, or the last one of an event stream. Else it
// ends the test.
func (a Answer) Message(t testing.TB) Message {
	t.Helper()
	all, err := a.Messages()
	if err == nil && (len(all) == 0 || len(all) > 1 && strings.HasPrefix(strings.TrimSpace(a.Body), "[")) {
		err = fmt.Errorf("%d messages", len(all))
	}
	if err != nil {
		t.Fatalf("answered %d %.1000q: %v", a.Status, a.Body, err)
	}
	return all[len(all)-1]
}

// Into decodes the body, which has to be JSON, or ends the test.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		t.Fatalf("answered %d %.1000q: %v", a.Status, a.Body, err)
	}
}

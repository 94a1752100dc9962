package differential

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is longer than any answer takes.
const patience = time.Minute

// server is one that the corpus is sent to.
type server struct{ url string }

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},` +
	`"clientInfo":{"name":"corpus","version":"1"}}}`

// session opens one in the legacy era, and ends it if wanted.
func (s *server) session(ctx context.Context, end bool) (string, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	do := func(method, body string) (id string, err error) {
		resp, err := s.do(ctx, method, Legacy, "", header, []byte(body))
		if err != nil {
			return "", err
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode >= http.StatusBadRequest {
			return "", fmt.Errorf("no session: %s, %w", resp.Status, err)
		}
		return resp.Header.Get("Mcp-Session-Id"), nil
	}
	id, err := do(http.MethodPost, initialize)
	if err != nil {
		return "", err
	}
	header.Set("Mcp-Session-Id", id)
	header.Set("Mcp-Protocol-Version", "2025-11-25")
	if _, err = do(http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/initialized"}`); err == nil && end {
		_, err = do(http.MethodDelete, "")
	}
	return id, err
}

func (s *server) do(ctx context.Context, method, era, query string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.ReplaceAll(s.url, "$ERA", era)+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	return http.DefaultTransport.RoundTrip(req)
}

// answer sends a request and says in one line what matters of its answer.
func (s *server) answer(t *testing.T, r Request) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	header := r.Header.Clone()
	for _, values := range header {
		for i := range values {
			if values[i] != "$SESSION" && values[i] != "$ENDED" {
				continue
			}
			var err error
			if values[i], err = s.session(ctx, values[i] == "$ENDED"); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
		}
	}
	resp, err := s.do(ctx, r.Method, r.Era, r.Query, header, r.Bytes())
	if err != nil {
		return "no answer"
	}
	defer func() { _ = resp.Body.Close() }()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	words := []string{fmt.Sprint(resp.StatusCode)}
	switch {
	case kind == "text/event-stream" && r.Method != http.MethodPost:
		words = append(words, "stream") // in which nothing comes
	case kind == "text/event-stream":
		words = append(words, "stream", shape(r, firstEvent(resp.Body)))
	default:
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			return "cut off"
		}
		short := map[string]string{"application/json": "json", "text/plain": "text", "text/html": "html"}
		if short[kind] != "" {
			kind = short[kind]
		}
		words = append(words, kind, shape(r, data))
	}
	for _, name := range []string{"Allow", "Mcp-Session-Id", "Retry-After"} {
		if value := resp.Header.Get(name); value != "" {
			if name == "Mcp-Session-Id" {
				if !strings.Contains(r.Body, `"initialize"`) {
					continue // some repeat it
				}
				value = "given"
			}
			words = append(words, strings.ToLower(name)+"="+strings.ReplaceAll(value, " ", ""))
		}
	}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// firstEvent is the first one of a stream that has a message.
func firstEvent(body io.Reader) []byte {
	sc := bufio.NewScanner(body)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if data, ok := strings.CutPrefix(sc.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
			return []byte(strings.TrimSpace(data))
		}
	}
	return nil
}

// shape says what a message is, without what it says.
func shape(r Request, data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "empty"
	}
	if data[0] == '[' {
		var all []json.RawMessage
		if json.Unmarshal(data, &all) != nil {
			return "not-json"
		}
		var shapes []string
		for _, one := range all {
			shapes = append(shapes, shape(Request{}, one))
		}
		slices.Sort(shapes)
		return "[" + strings.Join(shapes, ", ") + "]"
	}
	var m struct {
		JSONRPC string         `json:"jsonrpc"`
		Method  string         `json:"method"`
		Result  map[string]any `json:"result"`
		Error   *struct {
			Code int            `json:"code"`
			Data map[string]any `json:"data"`
		} `json:"error"`
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return "not-json"
	}
	if json.Unmarshal(data, &m) != nil || m.JSONRPC != "2.0" {
		return "no-message"
	}
	switch {
	case m.Method != "":
		return m.Method
	case m.Error != nil:
		text := fmt.Sprintf("error %d", m.Error.Code)
		if len(m.Error.Data) > 0 {
			text += "(" + strings.Join(slices.Sorted(maps.Keys(m.Error.Data)), ",") + ")"
		}
		return text + " " + echo(r, members)
	case m.Result != nil:
		text := "result"
		if m.Result["isError"] == true {
			text = "failure"
		}
		if version, ok := m.Result["protocolVersion"].(string); ok {
			text += " " + version
		}
		return text + " " + echo(r, members)
	}
	return "no-message"
}

// echo says how an answer repeats the id of its request.
func echo(r Request, members map[string]json.RawMessage) string {
	id, there := members["id"]
	var asked struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(bytes.TrimPrefix([]byte(r.Body), []byte("\xef\xbb\xbf")), &asked)
	var a, b any
	switch {
	case !there:
		return "no-id"
	case string(id) == "null":
		return "null-id"
	case r.Name == "" || strings.HasPrefix(r.Body, "["):
		return "id=" + string(id)
	case string(id) == string(asked.ID):
		return "id"
	case json.Unmarshal(id, &a) == nil && json.Unmarshal(asked.ID, &b) == nil && a == b:
		return "id-rewritten"
	}
	return "other-id"
}

//go:build unix

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
)

// namespaced separates the two parts of a tool's name where an API has two.
const namespaced = "\x00"

// anthropic is the Messages API.
func (m *model) anthropic(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Model    string
		Stream   bool
		Tools    []struct{ Name string }
		Messages []struct{ Content json.RawMessage }
	}
	if !asked(w, r, &q) {
		return
	}
	var tools []string
	for _, t := range q.Tools {
		tools = append(tools, t.Name)
	}
	var results []any
	for _, message := range q.Messages {
		var parts []object
		_ = json.Unmarshal(message.Content, &parts) // it may be mere text
		for _, p := range parts {
			if p["type"] == "tool_result" {
				results = append(results, p)
			}
		}
	}
	content, delta, stop := object{"type": "text", "text": ""}, object{"type": "text_delta", "text": "ok"}, "end_turn"
	whole := object{"type": "text", "text": "ok"}
	if c := m.next(r.Context(), tools, results); c != nil {
		arguments, _ := json.Marshal(c.arguments)
		call := id("toolu_")
		content = object{"type": "tool_use", "id": call, "name": c.name, "input": object{}}
		delta, stop = object{"type": "input_json_delta", "partial_json": string(arguments)}, "tool_use"
		whole = object{"type": "tool_use", "id": call, "name": c.name, "input": c.arguments}
	}
	message := object{
		"id": id("msg_"), "type": "message", "role": "assistant", "model": q.Model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": object{"input_tokens": 1, "output_tokens": 1},
	}
	if !q.Stream {
		message["content"], message["stop_reason"] = []any{whole}, stop
		answer(w, message)
		return
	}
	stream(w,
		object{"type": "message_start", "message": message},
		object{"type": "content_block_start", "index": 0, "content_block": content},
		object{"type": "content_block_delta", "index": 0, "delta": delta},
		object{"type": "content_block_stop", "index": 0},
		object{"type": "message_delta", "delta": object{"stop_reason": stop, "stop_sequence": nil}, "usage": object{"output_tokens": 1}},
		object{"type": "message_stop"},
	)
}

// openAI is the Responses API.
func (m *model) openAI(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Model string
		Tools []struct {
			Name  string
			Tools []struct{ Name string } // of a namespace
		}
		Input []struct {
			Type   string
			Output any
		}
	}
	if !asked(w, r, &q) {
		return
	}
	var tools []string
	for _, t := range q.Tools {
		tools = append(tools, t.Name)
		for _, of := range t.Tools {
			tools = append(tools, t.Name+namespaced+of.Name)
		}
	}
	var results []any
	for _, item := range q.Input {
		if strings.HasSuffix(item.Type, "call_output") {
			results = append(results, item.Output)
		}
	}
	item := object{
		"type": "message", "id": id("msg_"), "role": "assistant", "status": "completed",
		"content": []any{object{"type": "output_text", "text": "ok", "annotations": []any{}}},
	}
	if c := m.next(r.Context(), tools, results); c != nil {
		arguments, _ := json.Marshal(c.arguments)
		item = object{
			"type": "function_call", "id": id("fc_"), "call_id": id("call_"), "name": c.name, "arguments": string(arguments), "status": "completed",
		}
		if space, name, ok := strings.Cut(c.name, namespaced); ok {
			item["namespace"], item["name"] = space, name
		}
	}
	response := object{
		"id": id("resp_"), "object": "response", "created_at": 1, "status": "completed", "model": q.Model, "output": []any{item},
		"usage": object{
			"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
			"input_tokens_details": object{"cached_tokens": 0}, "output_tokens_details": object{"reasoning_tokens": 0},
		},
	}
	stream(w,
		object{"type": "response.created", "response": response},
		object{"type": "response.output_item.done", "output_index": 0, "item": item},
		object{"type": "response.completed", "response": response},
	)
}

// gemini is generateContent and streamGenerateContent.
func (m *model) gemini(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Tools []struct {
			FunctionDeclarations []struct{ Name string }
		}
		Contents []struct {
			Parts []struct {
				FunctionResponse *struct{ Response any }
			}
		}
	}
	if !asked(w, r, &q) {
		return
	}
	var tools []string
	for _, t := range q.Tools {
		for _, f := range t.FunctionDeclarations {
			tools = append(tools, f.Name)
		}
	}
	var results []any
	for _, c := range q.Contents {
		for _, p := range c.Parts {
			if p.FunctionResponse != nil {
				results = append(results, p.FunctionResponse.Response)
			}
		}
	}
	part := object{"text": "ok"}
	if c := m.next(r.Context(), tools, results); c != nil {
		part = object{"functionCall": object{"name": c.name, "args": c.arguments, "id": id("")}}
	}
	body := object{
		"candidates": []any{object{
			"content": object{"role": "model", "parts": []any{part}}, "finishReason": "STOP", "index": 0,
		}},
		"usageMetadata": object{"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
		"modelVersion":  "gemini-2.5-pro", "responseId": id(""),
	}
	if strings.Contains(r.PathValue("model"), "stream") {
		stream(w, body)
		return
	}
	answer(w, body)
}

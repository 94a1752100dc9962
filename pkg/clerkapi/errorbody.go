package clerkapi

import (
	"bytes"
	"encoding/json"
	"html"
	"maps"
	"mime"
	"regexp"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

const (
	maxMessage = 500 // bytes of Error.Message
	maxCode    = 64  // bytes of Error.Code
)

// readErrorBody finds what a person can read in the body of an answer that is not 2xx. The API
// documents no form, and proxies answer in its place, so every form is taken and none is required.
// What is found is raw: see [call.clean].
func readErrorBody(contentType string, body []byte) (message, code string) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 || bytes.IndexByte(body, 0) >= 0 {
		return "", ""
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	switch {
	case json.Valid(body) && decoder.Decode(&v) == nil:
		return messageIn(v, 0), codeIn(v)
	case body[0] == '<' || strings.HasSuffix(mediaType, "html"):
		return titleOf(body), ""
	case mediaType == "text/plain", mediaType == "", strings.HasSuffix(mediaType, "json") && !looksLikeJSON(body):
		return string(body), ""
	default:
		return "", ""
	}
}

// looksLikeJSON tells JSON that was cut short, which nobody wants to read, from a text that is
// labeled as JSON.
func looksLikeJSON(body []byte) bool { return body[0] == '{' || body[0] == '[' || body[0] == '"' }

// htmlTitle finds a short title. Whatever else is in a page is for browsers.
var htmlTitle = regexp.MustCompile(`(?i)<title[^<>]{0,100}>([^<]{1,200})</title`)

func titleOf(page []byte) string {
	if m := htmlTitle.FindSubmatch(page); m != nil {
		return html.UnescapeString(string(m[1]))
	}
	return ""
}

// maxDepth and maxParts keep a message readable; the sizes of body and message bound the work.
const (
	maxDepth = 4
	maxParts = 10
)

// messageIn reads strings, lists of them, and objects such as {"message": …}, {"error": {"message":
// …}}, {"message": …, "errors": […]}, {"errors": {"field": […]}}, {"title": …, "detail": …} (RFC
// 9457) and {"property": …, "constraints": {…}}.
func messageIn(v any, depth int) string {
	if depth > maxDepth {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, e := range v {
			parts = appendPart(parts, messageIn(e, depth+1))
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		return messageInObject(v, depth)
	default:
		return ""
	}
}

func messageInObject(m map[string]any, depth int) string {
	field := func(names ...string) string {
		for _, name := range names {
			for _, n := range []string{name, strings.ToUpper(name[:1]) + name[1:]} {
				if s := messageIn(m[n], depth+1); strings.TrimSpace(s) != "" {
					return s
				}
			}
		}
		return ""
	}
	message, details := field("message", "msg"), listOfErrors(m["errors"], depth+1)
	switch {
	case message != "" && details != "":
		message += ": " + details
	case message == "":
		message = details
	}
	if message == "" {
		message = field("detail", "constraints", "error_description", "error", "title")
	}
	if message == "" && depth > 0 {
		message = listOfErrors(m, depth)
	}
	return message
}

// listOfErrors also reads an object that has the names of fields for keys.
func listOfErrors(v any, depth int) string {
	m, ok := v.(map[string]any)
	if !ok {
		return messageIn(v, depth)
	}
	if depth > maxDepth {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if s := messageIn(m[name], depth+1); s != "" {
			parts = appendPart(parts, name+": "+s)
		}
	}
	return strings.Join(parts, "; ")
}

func appendPart(parts []string, s string) []string {
	if s == "" || len(parts) == maxParts {
		return parts
	}
	return append(parts, s)
}

// codeIn reads the API's own code, a string or a number.
func codeIn(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	for _, name := range []string{"code", "errorCode", "error_code"} {
		switch code := m[name].(type) {
		case string:
			return code
		case json.Number:
			return code.String()
		}
	}
	return codeIn(m["error"])
}

// clean makes one readable line of a foreign text, without the credential in case the API repeats
// it, and of at most limit bytes.
func (c *call) clean(s string, limit int) string {
	s = c.credential.redact(sanitize.Line(s, len(s)))
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	return strings.TrimRight(sanitize.Cut(s, limit-len(ellipsis)), " ") + ellipsis
}

package endpoint

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// The headers of the transport.
const (
	// SessionHeader carries the id of a legacy session.
	SessionHeader = "Mcp-Session-Id"

	headerVersion   = "Mcp-Protocol-Version"
	headerMethod    = "Mcp-Method"
	headerName      = "Mcp-Name"
	headerLastEvent = "Last-Event-ID"
)

// checkContent is what can be refused before the body is read: what is not JSON in UTF-8 as it is
// (2025-11-25, Transports; RFC 9110 §15.5.16). Nobody knows the id of its request.
func checkContent(h http.Header) *rpcError {
	if len(h.Values("Content-Type")) > 1 {
		refusal := badRequest("there is more than one Content-Type header; send one")
		return &refusal
	}
	mt, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, named := params["charset"]
	if err != nil || mt != "application/json" || named && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return &errContentType
	}
	for _, coding := range h.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			return &errContentEncoding
		}
	}
	return nil
}

// The markers around the Base64 of a header's value (2026-07-28, Streamable HTTP, "Value
// Encoding").
const (
	encodedPrefix = "=?base64?"
	encodedSuffix = "?="
)

// decodeHeader gives the value that a header stands for; false for one that no client may send.
func decodeHeader(value string) (string, bool) {
	if encoded, ok := strings.CutPrefix(value, encodedPrefix); ok {
		if encoded, ok = strings.CutSuffix(encoded, encodedSuffix); ok {
			decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
			return string(decoded), err == nil && utf8.Valid(decoded)
		}
	}
	return value, !strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') })
}

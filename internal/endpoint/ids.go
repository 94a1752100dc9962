package endpoint

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// aliases are JSON-RPC ids on the way through the SDK, which reads numbers as doubles: one that it
// would not give back to the letter has a string in its place there, which nobody can guess. The
// key is that string in its quotes. So does what the SDK would not say as it is to be said, see
// [aliases.unknownInBatch].
type aliases map[string]json.RawMessage

// idFor gives an id as the SDK is to see it; false for what is neither a string nor a number.
func (a aliases) idFor(raw json.RawMessage) (json.RawMessage, bool) {
	if !isID(raw) {
		return nil, false
	}
	if isPlainID(raw) {
		return raw, true
	}
	alias := json.RawMessage(strconv.Quote("id-" + rand.Text()))
	a[string(alias)] = raw
	return alias, true
}

// isID takes any string and any number: legacy clients count in floating point, and beyond 2^53
// (JSON-RPC 2.0 §4).
func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

// isPlainID reports whether an id reads and writes alike everywhere.
func isPlainID(raw json.RawMessage) bool {
	if raw[0] == '"' {
		return !bytes.ContainsFunc(raw, func(r rune) bool { return r == '\\' || r >= utf8.RuneSelf })
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil && n <= maxSafeInteger && n >= -maxSafeInteger && strconv.FormatInt(n, 10) == string(raw)
}

// maxSafeInteger is the greatest number that JSON readers agree on (RFC 8259 §6).
const maxSafeInteger = 1<<53 - 1

// textOf names an id so that the number 1 and the string "1" differ.
func textOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "n:" + string(raw)
	}
	if strings.ContainsRune(s, utf8.RuneError) { // it may stand for several that cannot be read
		return "s:" + string(raw)
	}
	return "s:" + s
}

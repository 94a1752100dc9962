package args

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf16"
)

// The functions of this file take JSON apart without building values. They work on JSON that
// [json.Valid] and [unicode/utf8.Valid] have accepted; encoding/json alone would fold the case of
// names, let the last of two equal names win and replace what is not Unicode, and so check
// something else than what came.

// Member is one name of a JSON object with its value.
type Member struct {
	Name string
	Raw  json.RawMessage
}

// Members takes an object apart, in its order, up to so many members.
func Members(object json.RawMessage, most int) []Member {
	var list []Member
	for i := skipSpace(object, 1); object[i] != '}' && len(list) < most; {
		end := ValueEnd(object, i)
		name, _ := Unquote(object[i:end])
		i = skipSpace(object, skipSpace(object, end)+1) // the colon
		end = ValueEnd(object, i)
		list = append(list, Member{name, object[i:end]})
		i = afterComma(object, end)
	}
	return list
}

// Elements takes a list apart, one element at a time: a list may be long, and whoever reads it may
// stop.
func Elements(array json.RawMessage) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		n := 0
		for i := skipSpace(array, 1); array[i] != ']'; n++ {
			end := ValueEnd(array, i)
			if !yield(n, array[i:end]) {
				return
			}
			i = afterComma(array, end)
		}
	}
}

func skipSpace(data []byte, i int) int {
	for data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r' {
		i++
	}
	return i
}

func afterComma(data []byte, i int) int {
	i = skipSpace(data, i)
	if data[i] == ',' {
		i = skipSpace(data, i+1)
	}
	return i
}

// ValueEnd is the index after the value that begins at i.
func ValueEnd(data []byte, i int) int {
	depth := 0
	for {
		switch data[i] {
		case '"':
			i = stringEnd(data, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n': // only inside of an object or list
			i++
		default:
			for i < len(data) && strings.IndexByte(",:]} \t\r\n", data[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

func stringEnd(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// Unquote decodes a JSON string. whole is false if it holds half of a surrogate pair, which is not
// a text.
func Unquote(raw json.RawMessage) (s string, whole bool) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, !loneSurrogate(raw)
}

func loneSurrogate(raw []byte) bool {
	var high rune // a high surrogate that waits for its other half
	for i := 0; i < len(raw); i++ {
		var r rune
		if raw[i] == '\\' {
			i++
			if raw[i] == 'u' {
				r = hex4(raw[i+1 : i+5])
				i += 4
			}
		}
		switch {
		case high != 0:
			if utf16.DecodeRune(high, r) == '\uFFFD' {
				return true
			}
			high = 0
		case r >= 0xD800 && r < 0xDC00:
			high = r
		case utf16.IsSurrogate(r):
			return true
		}
	}
	return high != 0
}

func hex4(digits []byte) rune {
	var r rune
	for _, d := range digits {
		switch {
		case d >= 'a':
			d -= 'a' - 10
		case d >= 'A':
			d -= 'A' - 10
		default:
			d -= '0'
		}
		r = r<<4 | rune(d)
	}
	return r
}

// Kind says what a value is, in words for a message.
func Kind(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// Count is how many elements a list has, or members an object, without taking it apart.
func Count(value json.RawMessage) int {
	n := 0
	for i := skipSpace(value, 1); value[i] != ']' && value[i] != '}'; n++ {
		end := ValueEnd(value, i)
		if value[0] == '{' {
			end = ValueEnd(value, skipSpace(value, skipSpace(value, end)+1)) // the value behind the colon
		}
		i = afterComma(value, end)
	}
	return n
}

// Size is how deep a value goes, and how many values it holds, itself included, without taking it
// apart.
func Size(value json.RawMessage) (depth, values int) {
	level := 0
	for i := 0; i < len(value); {
		switch value[i] {
		case '"':
			i = stringEnd(value, i)
			values++
		case '{', '[':
			level++
			depth = max(depth, level)
			values++
			i++
		case '}', ']':
			level--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default:
			i = ValueEnd(value, i)
			values++
		}
	}
	return depth, values
}

// JSONText is what a text parses to if that begins with one of these bytes, else nil.
func JSONText(raw json.RawMessage, begins string) json.RawMessage {
	if len(raw) == 0 || raw[0] != '"' {
		return nil
	}
	s, whole := Unquote(raw)
	s = strings.Trim(s, " \t\r\n")
	if !whole || s == "" || strings.IndexByte(begins, s[0]) < 0 {
		return nil
	}
	if b := json.RawMessage(s); json.Valid(b) {
		return b
	}
	return nil
}

package mcpadapter

import (
	"encoding/json"
	"strconv"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// Arguments come from anybody who may call, and a request may be megabytes. So what is looked at is
// bounded before it is looked at: a list by its length before its elements are decoded, a text by
// its bytes before it is parsed, an object by how many members it has before they are compared.
// What exceeds a bound is a problem like any other.
const (
	// maxMembers is far more than any tool has arguments.
	maxMembers = 64
	// maxListProblems is how many wrong elements of one list are told.
	maxListProblems = 10
	// maxGuesses is for how many unknown names the nearest known one is looked for.
	maxGuesses = 3

	// maxMediaURLs is what an MMS carries.
	maxMediaURLs = 10
	maxInboxIDs  = 100

	// maxText is the most bytes of any text as JSON: what the longest body takes with every
	// character escaped twice.
	maxText = 12*maxBody + 2
	// maxEmpty is the most bytes of a text that may be space alone, and count as absent.
	maxEmpty = 64
	// maxNumber is the most bytes of a number.
	maxNumber = 64

	// The bounds of a contact's data: bytes of JSON, levels, and values in all.
	maxData, maxDataDepth, maxDataValues = 64 << 10, 16, 1000
)

// bounded tells whether a contact's data is within its bounds, and notes what is not.
func (f *fields) bounded(name string, data json.RawMessage) bool {
	if len(data) > maxData {
		f.add(name, "takes %d KiB as JSON: at most %d KiB are taken, so shorten it", len(data)>>10+1, maxData>>10)
		return false
	}
	switch depth, values := args.Size(data); {
	case depth > maxDataDepth:
		f.add(name, "has objects or lists inside of each other more than %d levels deep: make it flatter", maxDataDepth)
	case values > 2*maxDataValues: // names count too
		f.add(name, "has more than %d values: leave some out", maxDataValues)
	default:
		return true
	}
	return false
}

// isNumber tells whether a number is one that others can read too: most keep numbers as 64-bit
// floats, in which one that is out of range becomes another value, or none.
func isNumber(raw json.RawMessage) bool {
	if len(raw) > maxNumber {
		return false
	}
	_, err := strconv.ParseFloat(string(raw), 64)
	return err == nil
}

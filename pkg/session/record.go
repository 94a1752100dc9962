package session

import (
	"encoding/binary"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

// The first two bytes of a record are its format and its state. The state keeps its place in every
// format to come, so that during an update no replica mistakes a tombstone.
const (
	recordFormat = 1

	stateLive  = 1
	stateEnded = 2
)

const (
	// SubjectDigest is how many bytes of a subject's keyed digest operators see, in the list of
	// sessions and elsewhere.
	SubjectDigest = 6

	// With these a record has at most 17+17+65+57 = 156 bytes, which Redis 7 counts as 232 together
	// with its key.
	maxRecordVersion = 16
	maxRecordRelease = 56
)

// The third byte is reserved. Earlier releases kept a log level there, of at most maxReserved,
// which nothing reads any more; a later one may give other values a meaning.
const maxReserved = 8

// record is what the store keeps of a session: what changes, and what operators are shown.
type record struct {
	ended    bool
	born     time.Time
	lastUsed time.Time
	hint     [SubjectDigest]byte
	version  string
	name     string
	release  string
}

func (r *record) encode() []byte {
	b := make([]byte, 0, 160)
	if r.ended {
		b = append(b, recordFormat, stateEnded)
	} else {
		b = append(b, recordFormat, stateLive)
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint32(b, seconds(r.born))
	b = binary.BigEndian.AppendUint32(b, seconds(r.lastUsed))
	b = append(b, r.hint[:]...)
	b = appendText(b, sanitize.Cut(r.version, maxRecordVersion))
	b = appendText(b, sanitize.Cut(r.name, maxClient))
	return appendText(b, sanitize.Cut(r.release, maxRecordRelease))
}

// isEnded tells a tombstone of any format.
func isEnded(b []byte) bool { return len(b) >= 2 && b[1] == stateEnded }

// decodeRecord tells whether b is a record of this format.
func decodeRecord(b []byte) (*record, bool) {
	r := reader{b: b}
	if format, state := r.byte(), r.byte(); format != recordFormat || state != stateLive && state != stateEnded {
		return nil, false
	}
	rec := &record{ended: isEnded(b)}
	if r.byte() > maxReserved {
		return nil, false
	}
	rec.born, rec.lastUsed = instant(r.uint32()), instant(r.uint32())
	copy(rec.hint[:], r.bytes(SubjectDigest))
	rec.version, rec.name, rec.release = r.text(), r.text(), r.text()
	if !r.done() {
		return nil, false
	}
	return rec, true
}

// seconds are Unix seconds, good until the year 2106.
func seconds(t time.Time) uint32 { return uint32(min(max(0, t.Unix()), 1<<32-1)) }

func instant(s uint32) time.Time { return time.Unix(int64(s), 0).UTC() }

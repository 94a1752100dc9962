package session

import "encoding/binary"

// appendText appends a text of at most 255 bytes after its length.
func appendText(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...)
}

// reader takes a value apart. After something was missing or out of range all it gives is zero, and
// done says so.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if r.failed || len(r.b) < n {
		r.failed = true
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if r.failed || n <= 0 || v > limit {
		r.failed = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string { return string(r.bytes(int(r.byte()))) }

// done tells whether everything was there and nothing is left.
func (r *reader) done() bool { return !r.failed && len(r.b) == 0 }

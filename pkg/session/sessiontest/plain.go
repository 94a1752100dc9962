package sessiontest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Spelled seals nothing and writes out what a value is bound to, so that tests see what the store
// keeps.
type Spelled struct{}

// Seal implements [session.Sealer].
func (Spelled) Seal(plaintext, aad []byte) []byte {
	return []byte("<" + string(aad) + ">" + string(plaintext))
}

// Open implements [session.Sealer].
func (Spelled) Open(sealed, aad []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("<"+string(aad)+">"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

// ErrNowhere is what [Nowhere] gives.
var ErrNowhere = errors.New("nowhere")

// Nowhere is a store that can never be asked.
type Nowhere struct{}

// Get implements [session.Records].
func (Nowhere) Get(context.Context, string) ([]byte, bool, error) { return nil, false, ErrNowhere }

// SetNX implements [session.Records].
func (Nowhere) SetNX(context.Context, string, []byte, time.Duration) (bool, error) {
	return false, ErrNowhere
}

// CompareAndSwap implements [session.Records].
func (Nowhere) CompareAndSwap(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, ErrNowhere
}

// GetSet implements [session.Records].
func (Nowhere) GetSet(context.Context, string, []byte, time.Duration) ([]byte, bool, error) {
	return nil, false, ErrNowhere
}

// Scan implements [session.Records].
func (Nowhere) Scan(context.Context, string) iter.Seq2[session.Record, error] {
	return func(yield func(session.Record, error) bool) { yield(session.Record{}, ErrNowhere) }
}

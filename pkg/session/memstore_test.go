package session_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// spelled seals nothing and writes out what a value is bound to, so that tests see what the store keeps.
type spelled struct{}

func (spelled) Seal(plaintext, aad []byte) []byte {
	return []byte("<" + string(aad) + ">" + string(plaintext))
}

func (spelled) Open(sealed, aad []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("<"+string(aad)+">"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

// spelledGrants are grants whose records a test can read.
func spelledGrants(t *testing.T, opts session.GrantOptions) *session.Grants {
	t.Helper()
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	opts.Sealer, opts.Signer = spelled{}, ring.MAC("refresh")
	g, err := session.NewGrants(opts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// spelledTable are sessions whose records a test can read.
func spelledTable(t *testing.T, records session.Records, now func() time.Time) *session.Table {
	t.Helper()
	table, err := session.NewTable(session.Options{Sealer: spelled{}, Records: records, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

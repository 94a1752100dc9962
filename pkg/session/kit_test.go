package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// spelledTable are sessions whose records a test can read.
func spelledTable(t *testing.T, records session.Records, now func() time.Time) *session.Table {
	t.Helper()
	table, err := session.NewTable(session.Options{Sealer: sessiontest.Spelled{}, Records: records, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

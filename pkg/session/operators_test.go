package session_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func list(t *testing.T, table *session.Table) map[string]session.Entry {
	t.Helper()
	entries := map[string]session.Entry{}
	for e, err := range table.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := entries[e.Key]; twice {
			t.Errorf("%s is listed twice", e.Key)
		}
		entries[e.Key] = e
	}
	return entries
}

func TestOperatorsSeeSessionsButNoIDs(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	want := map[string]session.Entry{}
	for i := range 30 {
		info := info
		info.ClientVersion = fmt.Sprint(i)
		s := create(t, table, info)
		want[s.Key()] = session.Entry{
			Key: s.Key(), Version: s.Version, ClientName: s.ClientName, ClientVersion: s.ClientVersion, Born: c.now(),
			LastUsed: c.now(),
		}
	}
	got := list(t, c.replica())
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(session.Entry{}, "Subject")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	subjects := map[string]bool{}
	for _, e := range got {
		subjects[e.Subject] = true
		if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(e.Subject) {
			t.Errorf("subject %q", e.Subject)
		}
	}
	if len(subjects) != 1 {
		t.Errorf("one person is %d subjects", len(subjects))
	}
	s := create(t, table, session.Info{})
	if e, err := table.Show(t.Context(), s.Key()); err != nil || e.Subject != "" {
		t.Errorf("the anonymous caller is %q, %v", e.Subject, err)
	}
}

func TestOperatorsEndASessionByTheBeginningOfItsKey(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	s, other := create(t, table, info), create(t, table, info)
	for _, ref := range []string{s.Key(), s.Key()[:12]} {
		if e, err := table.Show(t.Context(), ref); err != nil || e.Key != s.Key() || e.Ended {
			t.Errorf("Show(%s) = %+v, %v", ref, e, err)
		}
	}
	c.advance(time.Hour)
	if e, err := table.EndKey(t.Context(), s.Key()[:12]); err != nil || e.Key != s.Key() {
		t.Fatalf("EndKey = %+v, %v", e, err)
	}
	wantNotFound(t, c.replica(), s.ID, s.Subject)
	resume(t, c.replica(), other)
	if e, err := table.Show(t.Context(), s.Key()); err != nil || !e.Ended || !e.LastUsed.Equal(c.now()) {
		t.Errorf("Show of an ended session = %+v, %v", e, err)
	}
	if _, err := table.EndKey(t.Context(), s.Key()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("ending it again: %v, want ErrNotFound", err)
	}
}

func TestRefsThatNameNoSession(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	for _, ref := range []string{"", "abc", "****", "[a-z]*", "abc def", "abcdefghijklmnopqrstuvwxyz"} {
		if _, err := table.Show(t.Context(), ref); err == nil || errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: %v, want it refused", ref, err)
		}
	}
	for _, ref := range []string{"abcd", "abcdefghijklmnopqrstuv"} {
		if _, err := table.Show(t.Context(), ref); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", ref, err)
		}
	}
}

func TestARefThatFitsSeveralSessionsIsAmbiguous(t *testing.T) {
	c := newRealCluster(t)
	table, records := c.replica(), openRecords(t, c)
	s := create(t, table, info)
	value, _, err := records.Get(t.Context(), s.Key())
	if err != nil {
		t.Fatal(err)
	}
	twin := s.Key()[:8] + "______________"
	if _, err := records.SetNX(t.Context(), twin, value, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, call := range []func() (session.Entry, error){
		func() (session.Entry, error) { return table.Show(t.Context(), s.Key()[:8]) },
		func() (session.Entry, error) { return table.EndKey(t.Context(), s.Key()[:8]) },
	} {
		if _, err := call(); !errors.Is(err, session.ErrAmbiguous) {
			t.Errorf("%v, want ErrAmbiguous", err)
		}
	}
	resume(t, table, s)
}

func TestOperatorsAreToldThatTheStoreIsUnavailable(t *testing.T) {
	table := newTable(t, sessiontest.Nowhere{})
	n := 0
	for _, err := range table.List(t.Context()) {
		if n++; !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, sessiontest.ErrNowhere) {
			t.Errorf("List: %v, want ErrUnavailable with its cause", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors, want 1", n)
	}
	for _, ref := range []string{"abcd", "abcdefghijklmnopqrstuv"} {
		if _, err := table.EndKey(t.Context(), ref); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("EndKey: %v, want ErrUnavailable", err)
		}
	}
}

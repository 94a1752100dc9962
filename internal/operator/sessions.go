package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// ShownKey is how much of a key the list shows: enough to name one session of a million.
const ShownKey = 10

// ListSessions lists the sessions that have a record, those that were ended too if ended is set, up
// to a limit; 0 is none.
func ListSessions(ctx context.Context, redisURL string, ended bool, limit int, s Streams) (err error) {
	table, closeStore, err := OpenSessions(redisURL)
	if err != nil {
		return UsageError{err}
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	w := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tCLIENT\tVERSION\tSUBJECT\tBORN\tLAST USED\tSTATE")
	n := 0
	for e, err := range table.List(ctx) {
		if err != nil {
			return errors.Join(w.Flush(), err)
		}
		if e.Ended && !ended {
			continue
		}
		if n++; limit > 0 && n > limit {
			fmt.Fprintf(s.Err, "more than %d sessions; raise --limit to see them\n", limit)
			break
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Key[:ShownKey], clientOf(e), e.Version, orDash(e.Subject),
			e.Born.Format(time.RFC3339), e.LastUsed.Format(time.RFC3339), stateOf(e))
	}
	return w.Flush()
}

// ShowSession shows the session whose key begins with key.
func ShowSession(ctx context.Context, redisURL, key string, s Streams) (err error) {
	table, closeStore, err := OpenSessions(redisURL)
	if err != nil {
		return UsageError{err}
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := table.Show(ctx, key)
	if err != nil {
		return err
	}
	return show(s.Out, e)
}

// EndSession ends the session whose key begins with key, for all replicas at once.
func EndSession(ctx context.Context, redisURL, key string, s Streams) (err error) {
	table, closeStore, err := OpenSessions(redisURL)
	if err != nil {
		return UsageError{err}
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := table.EndKey(ctx, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "ended %s (%s)\n", e.Key[:ShownKey], clientOf(e))
	return nil
}

func show(out io.Writer, e session.Entry) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, row := range [][2]string{
		{"key", e.Key}, {"state", stateOf(e)}, {"client", clientOf(e)}, {"protocol version", e.Version},
		{"subject", orDash(e.Subject)},
		{"born", e.Born.Format(time.RFC3339)}, {"last used", e.LastUsed.Format(time.RFC3339)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}

func clientOf(e session.Entry) string {
	if e.ClientName == "" {
		return "-"
	}
	return e.ClientName + " " + e.ClientVersion
}

func stateOf(e session.Entry) string {
	if e.Ended {
		return "ended"
	}
	return "live"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

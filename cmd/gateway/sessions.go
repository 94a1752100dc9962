package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

type sessionsCmd struct {
	List sessionsListCmd `cmd:"" help:"List sessions that have a record (by key prefix)."`
	Show sessionsShowCmd `cmd:"" help:"Show one session."`
	End  sessionsEndCmd  `cmd:"" help:"End one session for all replicas at once. Its client initializes again by itself."`
}

// operatorFlags are what every command about sessions needs. A session's id is known to its client only; here sessions go
// by their key, a hash of it.
type operatorFlags struct {
	RedisURL config.Secret `name:"redis-url" required:"" help:"The Redis that the gateways share."`
}

type sessionArg struct {
	Key string `arg:"" help:"The session's key or a beginning of it that names no other, at least ${least} characters."`
}

func (f *operatorFlags) open() (*session.Table, func() error, error) {
	table, closeStore, err := gateway.OpenSessions(f.RedisURL.Reveal())
	if err != nil {
		return nil, nil, usageError{err}
	}
	return table, closeStore, nil
}

// shownKey is how much of a key the list shows: enough to name one session of a million.
const shownKey = 10

type sessionsListCmd struct {
	operatorFlags `embed:""`
	Ended         bool `name:"ended" env:"GATEWAY_SESSIONS_ENDED" help:"List ended sessions too."`
	Limit         int  `name:"limit" env:"GATEWAY_SESSIONS_LIMIT" default:"1000" help:"Stop after this many; 0 lists all."`
}

// Run lists.
func (c *sessionsListCmd) Run(ctx context.Context, s streams) (err error) {
	table, closeStore, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tCLIENT\tVERSION\tSUBJECT\tBORN\tLAST USED\tSTATE")
	n := 0
	for e, err := range table.List(ctx) {
		if err != nil {
			return errors.Join(w.Flush(), err)
		}
		if e.Ended && !c.Ended {
			continue
		}
		if n++; c.Limit > 0 && n > c.Limit {
			fmt.Fprintf(s.err, "more than %d sessions; raise --limit to see them\n", c.Limit)
			break
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Key[:shownKey], clientOf(e), e.Version, orDash(e.Subject),
			e.Born.Format(time.RFC3339), e.LastUsed.Format(time.RFC3339), stateOf(e))
	}
	return w.Flush()
}

type sessionsShowCmd struct {
	operatorFlags `embed:""`
	sessionArg    `embed:""`
}

// Run shows.
func (c *sessionsShowCmd) Run(ctx context.Context, s streams) (err error) {
	table, closeStore, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := table.Show(ctx, c.Key)
	if err != nil {
		return err
	}
	return show(s.out, e)
}

type sessionsEndCmd struct {
	operatorFlags `embed:""`
	sessionArg    `embed:""`
}

// Run ends.
func (c *sessionsEndCmd) Run(ctx context.Context, s streams) (err error) {
	table, closeStore, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := table.EndKey(ctx, c.Key)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "ended %s (%s)\n", e.Key[:shownKey], clientOf(e))
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

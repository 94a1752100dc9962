package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

type grantsCmd struct {
	List grantsListCmd `cmd:"" help:"List what people allowed their clients, by id prefix."`
	Show grantsShowCmd `cmd:"" help:"Show one grant."`
	End  grantsEndCmd  `cmd:"" help:"End grants for all replicas at once. Their tokens are refused from then on; the person has to sign in again."`
}

// grantsFlags are what every command about grants needs. Grants are sealed, so their secrets are needed to read them.
type grantsFlags struct {
	operatorFlags `embed:""`
	Secrets       []config.Secret `name:"secret" required:"" help:"The gateways' secrets, in any order."`
	JSON          bool            `name:"json" env:"GATEWAY_GRANTS_JSON" help:"Write one JSON object a line instead of a table."`
}

func (f *grantsFlags) openGrants() (*grant.Grants, func() error, error) {
	grants, closeStore, err := gateway.OpenGrants(f.RedisURL.Reveal(), f.Secrets)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return grants, closeStore, nil
}

// whichGrants chooses by whose they are.
type whichGrants struct {
	Person string `name:"person" placeholder:"WHO" help:"Only this person's: the digits that list shows, the subject to the letter, or an e-mail address."`
	Client string `name:"client" placeholder:"CLIENT" help:"Only this client's: its client_id, its name, or the digits that list shows."`
}

func (w *whichGrants) any() bool { return w.Person != "" || w.Client != "" }

func (w *whichGrants) fit(e *grant.Entry) bool {
	return (w.Person == "" || e.Is(w.Person)) && (w.Client == "" || e.IsOf(w.Client))
}

// unreadable says that grants are left that may be among those that were meant.
func unreadable(n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%s cannot be read with the secrets given, so nobody can tell whose they are; give the secrets that sealed "+
		"them, or end them by the ids that gateway grants list shows", counted(n))
}

func counted(n int) string {
	if n == 1 {
		return "1 grant"
	}
	return fmt.Sprintf("%d grants", n)
}

type grantsListCmd struct {
	grantsFlags `embed:""`
	whichGrants `embed:""`
	Ended       bool `name:"ended" env:"GATEWAY_GRANTS_ENDED" help:"List grants too that were ended in the last day."`
	Limit       int  `name:"limit" env:"GATEWAY_GRANTS_LIMIT" default:"1000" help:"Stop after this many; 0 lists all."`
}

// Run lists. What cannot be read is listed as that, and where it may be among those that were asked for, it is said.
func (c *grantsListCmd) Run(ctx context.Context, s streams) (err error) {
	grants, closeStore, err := c.openGrants()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	w := newGrantWriter(s.out, c.JSON)
	n, sealed := 0, 0
	for e, err := range grants.Entries(ctx, "") {
		if err != nil {
			return errors.Join(w.flush(), err)
		}
		switch {
		case e.State == grant.Unreadable:
			if sealed++; c.any() {
				continue
			}
		case e.State == grant.Ended && (!c.Ended || c.any()), !c.fit(&e):
			continue
		}
		if n++; c.Limit > 0 && n > c.Limit {
			fmt.Fprintf(s.err, "more than %d grants; raise --limit to see them\n", c.Limit)
			break
		}
		w.write(&e)
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := unreadable(sealed); err != nil {
		fmt.Fprintln(s.err, err)
	}
	return nil
}

type grantsShowCmd struct {
	grantsFlags `embed:""`
	ID          string `arg:"" help:"The grant's id or a beginning of it that names no other, at least ${least} characters."`
}

// Run shows.
func (c *grantsShowCmd) Run(ctx context.Context, s streams) (err error) {
	grants, closeStore, err := c.openGrants()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := grants.Entry(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		w := newGrantWriter(s.out, true)
		w.write(&e)
		return w.flush()
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, row := range [][2]string{
		{"id", e.ID}, {"state", string(e.State)}, {"person", orDash(e.Person)}, {"subject", printable(e.Subject)},
		{"name", printable(e.Name)}, {"e-mail", printable(e.Email)}, {"client", orDash(e.Client)}, {"client name", printable(e.ClientName)},
		{"client id", printable(e.ClientID)}, {"resource", printable(e.Resource)}, {"scopes", printable(strings.Join(e.Scopes, " "))},
		{"born", when(e.Born)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}

// grantWriter writes entries, as a table or as JSON.
type grantWriter struct {
	table *tabwriter.Writer // nil for JSON
	json  *json.Encoder
	err   error
}

func newGrantWriter(out io.Writer, asJSON bool) *grantWriter {
	if asJSON {
		return &grantWriter{json: json.NewEncoder(out)}
	}
	w := &grantWriter{table: tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)}
	fmt.Fprintln(w.table, "ID\tPERSON\tE-MAIL\tCLIENT\tCLIENT NAME\tSCOPES\tBORN\tSTATE")
	return w
}

func (w *grantWriter) write(e *grant.Entry) {
	if w.table != nil {
		fmt.Fprintf(w.table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID[:min(len(e.ID), shownKey)], orDash(e.Person), printable(e.Email),
			orDash(e.Client), printable(e.ClientName), printable(strings.Join(e.Scopes, " ")), when(e.Born), e.State)
		return
	}
	if err := w.json.Encode(jsonOf(e)); err != nil {
		w.err = err
	}
}

func (w *grantWriter) flush() error {
	if w.table != nil {
		return w.table.Flush()
	}
	return w.err
}

// grantJSON is an entry for programs.
type grantJSON struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	Person     string    `json:"person,omitempty"`
	Subject    string    `json:"subject,omitempty"`
	Name       string    `json:"name,omitempty"`
	Email      string    `json:"email,omitempty"`
	Client     string    `json:"client,omitempty"`
	ClientID   string    `json:"client_id,omitempty"`
	ClientName string    `json:"client_name,omitempty"`
	Resource   string    `json:"resource,omitempty"`
	Scopes     []string  `json:"scopes,omitempty"`
	Born       time.Time `json:"born,omitzero"`
}

func jsonOf(e *grant.Entry) grantJSON {
	return grantJSON{
		ID: e.ID, State: string(e.State), Person: e.Person, Subject: e.Subject, Name: e.Name, Email: e.Email, Client: e.Client,
		ClientID: e.ClientID, ClientName: e.ClientName, Resource: e.Resource, Scopes: e.Scopes, Born: e.Born,
	}
}

// printable is a text from elsewhere on one line of a terminal, "-" for none.
func printable(s string) string {
	return orDash(sanitize.Line(s, len(s)))
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

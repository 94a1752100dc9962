package operator

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
	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// GrantsOptions are what every command about grants needs. Grants are sealed, so their secrets are
// needed to read them.
type GrantsOptions struct {
	RedisURL string
	Secrets  []config.Secret
	// JSON writes one JSON object a line instead of a table.
	JSON bool
}

func (o *GrantsOptions) open() (*grant.Grants, func() error, error) {
	grants, closeStore, err := OpenGrants(o.RedisURL, o.Secrets)
	if err != nil {
		return nil, nil, UsageError{err}
	}
	return grants, closeStore, nil
}

// WhichGrants chooses by whose they are; "" for anybody's.
type WhichGrants struct{ Person, Client string }

// Any reports whether it leaves some out.
func (w WhichGrants) Any() bool { return w.Person != "" || w.Client != "" }

func (w WhichGrants) fit(e *grant.Entry) bool {
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

// ListGrants lists grants, those that were ended in the last day too if ended is set, up to a
// limit; 0 is none. What cannot be read is listed as that, and where it may be among those that
// were asked for, it is said.
func ListGrants(ctx context.Context, o GrantsOptions, which WhichGrants, ended bool, limit int, s Streams) (err error) {
	grants, closeStore, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	w := newGrantWriter(s.Out, o.JSON)
	n, sealed := 0, 0
	for e, err := range grants.Entries(ctx, "") {
		if err != nil {
			return errors.Join(w.flush(), err)
		}
		switch {
		case e.State == grant.Unreadable:
			if sealed++; which.Any() {
				continue
			}
		case e.State == grant.Ended && (!ended || which.Any()), !which.fit(&e):
			continue
		}
		if n++; limit > 0 && n > limit {
			fmt.Fprintf(s.Err, "more than %d grants; raise --limit to see them\n", limit)
			break
		}
		w.write(&e)
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := unreadable(sealed); err != nil {
		fmt.Fprintln(s.Err, err)
	}
	return nil
}

// ShowGrant shows the grant whose id begins with id.
func ShowGrant(ctx context.Context, o GrantsOptions, id string, s Streams) (err error) {
	grants, closeStore, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	e, err := grants.Entry(ctx, id)
	if err != nil {
		return err
	}
	if o.JSON {
		w := newGrantWriter(s.Out, true)
		w.write(&e)
		return w.flush()
	}
	w := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
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
		fmt.Fprintf(w.table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID[:min(len(e.ID), ShownKey)], orDash(e.Person), printable(e.Email),
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

// GrantJSON is an entry for programs.
type GrantJSON struct {
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

func jsonOf(e *grant.Entry) GrantJSON {
	return GrantJSON{
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

package main

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
)

type grantsCmd struct {
	List grantsListCmd `cmd:"" help:"List what people allowed their clients, by id prefix."`
	Show grantsShowCmd `cmd:"" help:"Show one grant."`
	End  grantsEndCmd  `cmd:"" help:"End grants for all replicas at once. Their tokens are refused from then on; the person has to sign in again."`
}

// grantsFlags are what every command about grants needs. Grants are sealed, so their secrets are
// needed to read them.
type grantsFlags struct {
	operatorFlags `embed:""`
	Secrets       []config.Secret `name:"secret" required:"" help:"The gateways' secrets, in any order."`
	JSON          bool            `name:"json" env:"GATEWAY_GRANTS_JSON" help:"Write one JSON object a line instead of a table."`
}

func (f *grantsFlags) options() operator.GrantsOptions {
	return operator.GrantsOptions{RedisURL: f.RedisURL.Reveal(), Secrets: f.Secrets, JSON: f.JSON}
}

// whichGrants chooses by whose they are.
type whichGrants struct {
	Person string `name:"person" placeholder:"WHO" help:"Only this person's: the digits that list shows, the subject to the letter, or an e-mail address."`
	Client string `name:"client" placeholder:"CLIENT" help:"Only this client's: its client_id, its name, or the digits that list shows."`
}

func (w *whichGrants) which() operator.WhichGrants {
	return operator.WhichGrants{Person: w.Person, Client: w.Client}
}

type grantsListCmd struct {
	grantsFlags `embed:""`
	whichGrants `embed:""`
	Ended       bool `name:"ended" env:"GATEWAY_GRANTS_ENDED" help:"List grants too that were ended in the last day."`
	Limit       int  `name:"limit" env:"GATEWAY_GRANTS_LIMIT" default:"1000" help:"Stop after this many; 0 lists all."`
}

// Run lists.
func (c *grantsListCmd) Run(ctx context.Context, s streams) error {
	return operator.ListGrants(ctx, c.options(), c.which(), c.Ended, c.Limit, s)
}

type grantsShowCmd struct {
	grantsFlags `embed:""`
	ID          string `arg:"" help:"The grant's id or a beginning of it that names no other, at least ${least} characters."`
}

// Run shows.
func (c *grantsShowCmd) Run(ctx context.Context, s streams) error {
	return operator.ShowGrant(ctx, c.options(), c.ID, s)
}

type grantsEndCmd struct {
	grantsFlags `embed:""`
	whichGrants `embed:""`
	ID          string `arg:"" optional:"" help:"The grant's id or a beginning of it that names no other, at least ${least} characters."`
	All         bool   `name:"all" help:"End every grant, also those that cannot be read."`
}

func (c *grantsEndCmd) meant() operator.GrantsToEnd {
	return operator.GrantsToEnd{ID: c.ID, WhichGrants: c.which(), All: c.All}
}

// Validate wants to be told whose grants are meant, in one way.
func (c *grantsEndCmd) Validate() error { return c.meant().Problem() }

// Run ends, and says of each grant that it did.
func (c *grantsEndCmd) Run(ctx context.Context, s streams) error {
	return operator.EndGrants(ctx, c.options(), c.meant(), s)
}

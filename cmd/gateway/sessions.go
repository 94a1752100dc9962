package main

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
)

type sessionsCmd struct {
	List sessionsListCmd `cmd:"" help:"List sessions that have a record (by key prefix)."`
	Show sessionsShowCmd `cmd:"" help:"Show one session."`
	End  sessionsEndCmd  `cmd:"" help:"End one session for all replicas at once. Its client initializes again by itself."`
}

// operatorFlags are what every command about sessions needs. A session's id is known to its client
// only; here sessions go by their key, a hash of it.
type operatorFlags struct {
	RedisURL config.Secret `name:"redis-url" required:"" help:"The Redis that the gateways share."`
}

type sessionArg struct {
	Key string `arg:"" help:"The session's key or a beginning of it that names no other, at least ${least} characters."`
}

type sessionsListCmd struct {
	operatorFlags `embed:""`
	Ended         bool `name:"ended" env:"GATEWAY_SESSIONS_ENDED" help:"List ended sessions too."`
	Limit         int  `name:"limit" env:"GATEWAY_SESSIONS_LIMIT" default:"1000" help:"Stop after this many; 0 lists all."`
}

// Run lists.
func (c *sessionsListCmd) Run(ctx context.Context, s streams) error {
	return operator.ListSessions(ctx, c.RedisURL.Reveal(), c.Ended, c.Limit, s)
}

type sessionsShowCmd struct {
	operatorFlags `embed:""`
	sessionArg    `embed:""`
}

// Run shows.
func (c *sessionsShowCmd) Run(ctx context.Context, s streams) error {
	return operator.ShowSession(ctx, c.RedisURL.Reveal(), c.Key, s)
}

type sessionsEndCmd struct {
	operatorFlags `embed:""`
	sessionArg    `embed:""`
}

// Run ends.
func (c *sessionsEndCmd) Run(ctx context.Context, s streams) error {
	return operator.EndSession(ctx, c.RedisURL.Reveal(), c.Key, s)
}

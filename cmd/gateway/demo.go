package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/console"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

type demoCmd struct {
	config.Config `embed:""`
	SandboxListen string `name:"sandbox-listen" env:"GATEWAY_SANDBOX_LISTEN" default:"127.0.0.1:8081" placeholder:"ADDR" group:"Demo" help:"Address of the simulated Clerk Chat."`
}

// Run serves until a signal. What is not set comes from the demo: the secret, and the simulated Clerk Chat as the backend.
func (c *demoCmd) Run(ctx context.Context, s streams) (err error) {
	cfg := c.Config
	if len(cfg.Secrets) == 0 {
		cfg.Secrets = []config.Secret{config.Secret(rand.Text() + rand.Text())}
	}
	cfg.DrainDelay = 0
	logger := newLogger(s.err, &cfg)
	sb, err := startSandbox(ctx, c.SandboxListen, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sb.stop()) }()
	if cfg.ClerkURL == "" {
		// The simulation knows its own key only; a real one may be in the environment for another command.
		cfg.ClerkURL, cfg.ClerkAPIKey = sb.url, sandbox.Key
	}
	if cfg.Auth == "oauth" && cfg.OIDCIssuer == "" {
		// The simulation's own provider; its two people may both come in.
		cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = sb.url+"/oidc", sandbox.ClientID, sandbox.ClientSecret
		cfg.AllowAnyUser = len(cfg.AllowSignin) == 0
	}
	if err := problems(&cfg); err != nil {
		return err
	}
	shown := sb.url
	if cfg.ClerkURL != sb.url {
		shown = "" // a backend of the caller's own: nobody may be told that its messages reach nobody
	}
	opts := gateway.Options{Config: cfg, Version: version(), Logger: logger, SandboxURL: shown}
	return serve(ctx, opts, func(base string) {
		howToConnect(s.err, base+"/mcp", cfg.ClerkURL, shown)
		ready(s.out, base, sb.url)
	})
}

// howToConnect is for the person at the terminal. sandboxURL is "" if messages go to a real backend.
func howToConnect(w io.Writer, mcpURL, clerkURL, sandboxURL string) {
	if sandboxURL == "" {
		fmt.Fprintf(w, "\nClerk Chat MCP gateway, demo, in front of %s: messages are real.\n\n  MCP endpoint   %s\n", clerkURL, mcpURL)
	} else {
		fmt.Fprintf(w, "\nClerk Chat MCP gateway, demo: messages reach nobody.\n\n  MCP endpoint   %s\n  Sent messages  %s/_sandbox/messages\n",
			mcpURL, sandboxURL)
	}
	fmt.Fprintf(w, "  In a browser   %s\n\nConnect:\n", strings.TrimSuffix(mcpURL, "/mcp"))
	for _, client := range console.Clients(mcpURL) {
		if client.Command != "" {
			fmt.Fprintf(w, "  %-14s %s\n", client.Name, client.Command)
		}
	}
	fmt.Fprintf(w, "\nThen ask: Send a message from %s to +15559876543 saying \"Your appointment is confirmed for tomorrow at 2pm\"\n\n", sandbox.Sender)
}

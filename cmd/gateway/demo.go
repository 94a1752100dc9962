package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/landing"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

type demoCmd struct {
	config.Config `embed:""`
	SandboxListen string `name:"sandbox-listen" env:"GATEWAY_SANDBOX_LISTEN" default:"127.0.0.1:8081" placeholder:"ADDR" group:"Demo" help:"Address of the simulated Clerk Chat."`
}

// demonstrate changes what is otherwise by default in a demo: there is a login, and the backend is
// the simulated Clerk Chat.
func demonstrate(k *kong.Kong) error {
	defaults := map[string]string{setting.AuthFlag: "oauth", setting.ClerkURLFlag: ""}
	for _, command := range k.Model.Children {
		for _, flag := range command.Flags {
			if value, ok := defaults["--"+flag.Name]; ok && command.Name == "demo" {
				flag.Default, flag.HasDefault = value, value != ""
			}
		}
	}
	return nil
}

// Run serves until a signal. What is not set comes from the demo: the secret, the simulated Clerk
// Chat as the backend, and its sign-in as the provider.
func (c *demoCmd) Run(ctx context.Context, s streams) (err error) {
	cfg := c.Config
	if len(cfg.Secrets) == 0 {
		cfg.Secrets = []config.Secret{config.Secret(rand.Text() + rand.Text())}
	}
	cfg.DrainDelay = 0
	if err := c.ownBackend(); err != nil {
		return err
	}
	logger := newLogger(s.Err, &cfg)
	simulation := sandbox.Options{Logger: logger, History: true}
	if cfg.Public() != nil { // the simulation's sign-in sends people back to this machine only, unless told
		simulation.RedirectURIs = []string{gateway.CallbackURL(&cfg)}
	}
	sb, err := startSandbox(ctx, c.SandboxListen, cfg.AllowedHosts, simulation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sb.stop()) }()
	if cfg.ClerkURL == "" {
		// The simulation knows its own key only; a real one may be in the environment for another
		// command.
		cfg.ClerkURL, cfg.ClerkAPIKey = sb.url, sandbox.Key
	}
	people := ""
	if cfg.Auth == "oauth" && cfg.OIDCIssuer == "" {
		// Everybody whom the simulation knows may come in.
		cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = signInAt(sb.url), sandbox.ClientID, sandbox.ClientSecret
		cfg.AllowAnyUser = len(cfg.AllowSignin) == 0
		people = strings.Join(sandbox.People(), " or ")
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
		howToConnect(s.Err, base, people, cfg.ClerkURL, shown)
		ready(s.Out, base, sb.url)
	})
}

// ownBackend refuses to put another backend than the simulation behind the simulation's sign-in,
// which asks nobody for a password. Whether the other one is real cannot be told.
func (c *demoCmd) ownBackend() error {
	if inSandbox := c.SandboxSignsIn() || c.Auth == "oauth" && c.OIDCIssuer == ""; c.ClerkURL == "" || !inSandbox {
		return nil
	}
	return operator.Usage(errors.New(setting.ClerkURL + ": the demo signs everybody in without a password, so it has no other " +
		"backend than its own; use gateway serve with " + setting.OIDCIssuerFlag + ", or the demo with " + setting.AuthFlag + " none on this machine"))
}

// howToConnect is for the person at the terminal. people are those who can sign in at the
// simulation, "" if nobody signs in there; sandboxURL is "" if messages go to a real backend.
func howToConnect(w io.Writer, base, people, clerkURL, sandboxURL string) {
	mcpURL := base + "/mcp"
	if sandboxURL == "" {
		fmt.Fprintf(w, "\nClerk Chat MCP gateway, demo, in front of %s: messages are real.\n\n  MCP endpoint   %s\n", clerkURL, mcpURL)
	} else {
		fmt.Fprintf(w, "\nClerk Chat MCP gateway, demo: messages reach nobody.\n\n  MCP endpoint   %s\n  Sent messages  %s/_sandbox/messages\n",
			mcpURL, sandboxURL)
	}
	fmt.Fprintf(w, "  In a browser   %s\n", base)
	if people != "" {
		fmt.Fprintf(w, "  Sign-in        in the browser that your client opens: allow it, then choose %s; there are no passwords\n"+
			"  Without it     gateway demo %s none, for curl and for clients that cannot sign in\n", people, setting.AuthFlag)
	}
	fmt.Fprint(w, "\nConnect:\n")
	for _, client := range landing.Clients(mcpURL) {
		if client.Command != "" {
			fmt.Fprintf(w, "  %-14s %s\n", client.Name, client.Command)
		}
	}
	fmt.Fprintf(w, "\nThen ask: Send a message from %s to +15559876543 saying \"Your appointment is confirmed for tomorrow at 2pm\"\n\n", sandbox.Sender)
}

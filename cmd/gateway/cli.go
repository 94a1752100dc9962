package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/clerkchat/mcp-gateway/internal/config/flags"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// The exit codes; see the package comment.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDrained = 3
)

// cli is every command and flag.
type cli struct {
	Demo        demoCmd        `cmd:"" help:"Run everything in one process, on a simulated Clerk Chat. Messages reach nobody."`
	Serve       serveCmd       `cmd:"" help:"Run the gateway in front of a real backend."`
	Sandbox     sandboxCmd     `cmd:"" help:"Run the simulated Clerk Chat alone."`
	Sessions    sessionsCmd    `cmd:"" help:"List, show and end the sessions in the gateways' Redis."`
	Grants      grantsCmd      `cmd:"" help:"List, show and end what people allowed their clients with ${auth} oauth."`
	Check       checkCmd       `cmd:"" help:"Validate the configuration of serve and exit."`
	Secret      secretCmd      `cmd:"" help:"Make a secret for ${secret} and print it."`
	Healthcheck healthcheckCmd `cmd:"" help:"Check that a running gateway is alive; exit 0 if it is."`
	Version     versionCmd     `cmd:"" help:"Print what this build is."`
}

type streams = operator.Streams

// variables stand in help texts.
func variables() kong.Vars {
	return kong.Vars{"auth": setting.AuthFlag, "secret": setting.SecretsFlag, "least": strconv.Itoa(session.MinRefLength)}
}

// withDefault adds the default to a flag's help.
func withDefault(value *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(value)
	if value.Default == "" || strings.Contains(help, "Default:") {
		return help
	}
	return help + " Default: " + value.Default + "."
}

func run(args []string, stdout, stderr io.Writer) int {
	redisstore.SilenceLibrary()
	var c cli
	exited := false
	parser, err := kong.New(&c,
		kong.Name("gateway"),
		kong.Description("A remote MCP server for Clerk Chat: any MCP client sends and reads messages, manages contacts and runs campaigns."),
		kong.Writers(stdout, stderr),
		variables(),
		kong.PostBuild(flags.Declare),
		kong.PostBuild(demonstrate),
		kong.Exit(func(int) { exited = true }), // after --help
		kong.ValueFormatter(withDefault),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 110}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "gateway:", err)
		return exitFailed
	}
	kctx, err := parser.Parse(args)
	if exited {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "gateway: %v\nrun 'gateway --help', or 'gateway COMMAND --help', to see what there is\n", err)
		return exitUsage
	}
	// The first signal stops in good order; a second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	kctx.BindTo(ctx, (*context.Context)(nil))
	err = kctx.Run(streams{Out: stdout, Err: stderr})
	var usage operator.UsageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "gateway:", err)
		return exitUsage
	case errors.Is(err, gateway.ErrDrain):
		fmt.Fprintln(stderr, "gateway:", err)
		return exitDrained
	default:
		fmt.Fprintln(stderr, "gateway:", err)
		return exitFailed
	}
}

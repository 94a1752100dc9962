//go:build unix

// Command up runs docker-compose.yml from processes: the gateway's binary, redis-server and
// haproxy. It is what `make up` calls; `up down` stops a running one.
//
//	go build -o bin/gateway ./cmd/gateway && go build -C e2e -o ../bin/up ./topology/cmd/up && bin/up
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/clerkchat/mcp-gateway/e2e/topology"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// stopDeadline is longer than anything in docker-compose.yml takes to stop.
const stopDeadline = 3 * time.Minute

func main() {
	dir := flag.String("dir", ".", "directory of docker-compose.yml and .env")
	binary := flag.String("binary", "bin/gateway", "the gateway's binary")
	state := flag.String("state", "run", "directory for what Redis keeps")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	run := up
	if flag.Arg(0) == "down" {
		run = down
	}
	if err := run(ctx, topology.Options{Dir: *dir, Environ: os.Environ(), Binary: *binary, StateDir: *state}); err != nil {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func up(ctx context.Context, o topology.Options) error {
	unlock, err := topology.Lock(o.StateDir)
	if err != nil {
		return err
	}
	defer unlock()
	t, err := topology.Load(ctx, o)
	if err != nil {
		return err
	}
	mcp := "http://" + t.Addresses["balancer"] + "/mcp"
	sandbox := "http://" + t.Addresses["sandbox"]
	return t.Run(ctx, os.Stderr, func() {
		fmt.Fprintf(os.Stderr, `
Clerk Chat MCP gateway: a balancer and three replicas.

  MCP endpoint   %s
  Simulated API  %s/_sandbox/messages shows what was sent, if %s is not set
  Kept in        %s

Connect:         claude mcp add --transport http clerk %s
Stop:            Ctrl-C, or make down

`, mcp, sandbox, setting.ClerkURL, filepath.Clean(o.StateDir), mcp)
		fmt.Printf("ready url=http://%s mcp=%s sandbox=%s\n", t.Addresses["balancer"], mcp, sandbox)
	})
}

func down(ctx context.Context, o topology.Options) error {
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	err := topology.Stop(ctx, o.StateDir)
	if errors.Is(err, topology.ErrNotRunning) {
		fmt.Fprintln(os.Stderr, "nothing runs in", o.StateDir)
		return nil
	}
	return err
}

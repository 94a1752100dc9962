package session_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func Example() {
	ctx, secret, records := context.Background(), "a secret of at least 32 characters, for examples", sessiontest.NewMemory()
	run := func() error {
		ring, err := seal.New([]byte(secret))
		if err != nil {
			return err
		}
		table, err := session.NewTable(session.Options{Sealer: ring.Sealer("session id"), Records: records})
		if err != nil {
			return err
		}
		begun, err := table.Create(ctx, session.Info{Subject: "ann", Version: "2025-11-25", ClientName: "editor"})
		if err != nil {
			return err
		}
		resumed, err := table.Resume(ctx, begun.ID, "ann")
		if errors.Is(err, session.ErrNotFound) {
			return err
		}
		fmt.Println(resumed.Subject, resumed.Version, resumed.ClientName)
		_, err = table.Resume(ctx, begun.ID, "ben")
		fmt.Println("for somebody else:", err)
		records.Clear()
		resumed, err = table.Resume(ctx, begun.ID, "ann")
		fmt.Println("after the store lost it:", resumed.Recovered, err)
		if err := table.End(ctx, begun.ID, "ann"); errors.Is(err, session.ErrUnavailable) {
			return err
		}
		for entry, err := range table.List(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(entry.ClientName, entry.Ended)
		}
		return nil
	}
	if err := run(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ann 2025-11-25 editor
	// for somebody else: session not found
	// after the store lost it: true <nil>
	//  true
}

package mcpadapter_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func Example_tutorial() {
	ctx, key := context.Background(), clerkapi.APIKey("the key of the workspace")
	run := func() error {
		client, err := clerkapi.NewClient(clerkapi.Options{})
		if err != nil {
			return err
		}
		tools, err := mcpadapter.New(mcpadapter.Options{Client: client, Credentials: workspace{key}})
		if err != nil {
			return err
		}

		server := mcp.NewServer(&mcp.Implementation{Name: "texting"}, &mcp.ServerOptions{Instructions: tools.Instructions()})
		tools.Register(server)

		names, scopes := mcpadapter.Enabled(mcpadapter.Selection{Names: []string{"messages"}, ReadOnly: true})
		subset, err := tools.Subset(names)
		if err != nil {
			return err
		}
		fmt.Println(len(subset.Definitions()), names, scopes)

		report := tools.Call(ctx, mcpadapter.Call{Tool: "send_message", Arguments: json.RawMessage(`{"recipients": ["+1 555 987 6543"]}`)})
		fmt.Println(report.Facts.Outcome, report.Result.IsError)

		tools.Stop()
		if err := tools.Drain(ctx); err != nil {
			return err
		}
		return nil
	}
	if err := run(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 [get_messages] [messages:read]
	// invalid true
}

func ExampleExecution() {
	attempt := func(ctx context.Context, e mcpadapter.Execution) (made mcpadapter.Attempted) {
		if err := e.Commit(ctx); err != nil {
			return made // and nothing was sent
		}
		return made
	}
	_ = func(ctx context.Context, idempotency mcpadapter.Idempotency, operation mcpadapter.Operation) mcpadapter.State {
		e := idempotency.Begin(operation)
		defer e.End()
		for e.Next(ctx) {
			e.Finish(ctx, attempt(ctx, e)) // which calls e.Commit before it sends anything
		}
		verdict := e.Verdict()
		return verdict.State
	}
}

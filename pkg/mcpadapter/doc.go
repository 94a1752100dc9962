// Package mcpadapter is the seven Clerk Chat tools: what they are called, what they take, which
// request to the REST API a call means, and what a client of them is told.
//
// # Beginning
//
// [Tools] need a client of the REST API, and [Credentials], which say whose key a caller's requests
// are made with:
//
//	client, err := clerkapi.NewClient(clerkapi.Options{})
//	if err != nil {
//		return err
//	}
//	tools, err := mcpadapter.New(mcpadapter.Options{Client: client, Credentials: workspace{key}})
//	if err != nil {
//		return err
//	}
//
// # A server of your own
//
// Register mounts them on a server of the Go SDK. A call belongs to the user of the verified access
// token:
//
//	server := mcp.NewServer(&mcp.Implementation{Name: "texting"}, &mcp.ServerOptions{Instructions: tools.Instructions()})
//	tools.Register(server)
//
// Some of the tools are a [Subset], for which [Enabled] says what a choice of toolsets has, and
// which scopes its callers need:
//
//	names, scopes := mcpadapter.Enabled(mcpadapter.Selection{Names: []string{"messages"}, ReadOnly: true})
//	subset, err := tools.Subset(names)
//	if err != nil {
//		return err
//	}
//
// # Calls without the SDK
//
// The way of a call is straight: the arguments are decoded and checked, which makes a plan (the
// exact request, and how many recipients and SMS segments it has); the plan is executed once with
// the caller's credential; the answer or the failure becomes a [Report], a result for the client
// and facts for metrics. Arguments are checked before anything is sent:
//
//	report := tools.Call(ctx, mcpadapter.Call{Tool: "send_message", Arguments: json.RawMessage(`{"recipients": ["+1 555 987 6543"]}`)})
//	fmt.Println(report.Facts.Outcome, report.Result.IsError)
//
// # What decides about a call
//
// It stands between plan and execution, and is given in [Options]: [Idempotency] keeps what creates
// something from being executed twice, and gives these tools the argument idempotency_key; a
// [Limiter] bounds calls and messages of a subject; an [Observer] is told the facts of each call.
//
// # Ending
//
// Writes that were handed to the API are finished. A process that stops says so and waits for them:
//
//	tools.Stop()
//	if err := tools.Drain(ctx); err != nil {
//		return err
//	}
//
// The package speaks of the Model Context Protocol only in its tool definitions. It must not know
// of transports, sessions, logins or stores, must not keep anything between two calls, and must not
// write to a log: [Observer] is told the facts, which hold no message text, no number and no cause
// of an error.
package mcpadapter

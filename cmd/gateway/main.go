// Command gateway is a remote MCP server in front of the Clerk Chat REST API.
//
//	gateway demo          everything in one process, a simulated Clerk Chat included
//	gateway serve         in front of a real backend
//	gateway sandbox       the simulated Clerk Chat alone
//	gateway sessions      list, show and end sessions
//	gateway grants        list, show and end what people allowed their clients
//	gateway check         say everything that is wrong with the configuration; --connect asks what it names
//	gateway healthcheck   ask a running gateway whether it lives
//	gateway version       print what this build is
//
// Exit codes: 0 done or stopped by a signal; 1 failed while running (healthcheck: not healthy); 2
// wrong usage or configuration; 3 stopped with requests still under way.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// Command mcpadapter mounts the tools on an MCP server of its own, which speaks over standard input
// and output.
package main

import (
	"context"
	"log"
	"os"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type team struct{ key clerkapi.Credential }

func (t team) Credential(context.Context, string) (clerkapi.Credential, error) { return t.key, nil }

func main() {
	client, err := clerkapi.NewClient(clerkapi.Options{BaseURL: os.Getenv("CLERK_API_URL")})
	if err != nil {
		log.Fatal(err)
	}
	credentials := team{clerkapi.APIKey(os.Getenv("CLERK_API_KEY"))}
	tools, err := mcpadapter.New(mcpadapter.Options{Client: client, Credentials: credentials})
	if err != nil {
		log.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "texting"}, &mcp.ServerOptions{Instructions: tools.Instructions()})
	tools.Register(server)
	log.Fatal(server.Run(context.Background(), &mcp.StdioTransport{}))
}

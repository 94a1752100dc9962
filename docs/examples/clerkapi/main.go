// Command clerkapi sends a text message with the client of the REST API.
package main

import (
	"context"
	"log"
	"os"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func main() {
	client, err := clerkapi.NewClient(clerkapi.Options{BaseURL: os.Getenv("CLERK_API_URL")}) // by default the real API
	if err != nil {
		log.Fatal(err)
	}
	workspace := client.As(clerkapi.APIKey(os.Getenv("CLERK_API_KEY")))
	message, _, err := workspace.Messages.Send(context.Background(), &clerkapi.SendMessageRequest{
		Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "Your appointment is confirmed",
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Println(message.ID, message.Status)
}

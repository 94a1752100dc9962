package clerkapi_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func Example_tutorial() {
	ctx, yesterday := context.Background(), time.Now().Add(-24*time.Hour)
	later, askForANewKey := func(time.Duration) {}, func() {}
	_ = func() error { // compiled, not run: it would reach the API
		client, err := clerkapi.NewClient(clerkapi.Options{})
		if err != nil {
			return err
		}
		ann := client.As(clerkapi.APIKey(os.Getenv("CLERK_API_KEY")))
		message, _, err := ann.Messages.Send(ctx, &clerkapi.SendMessageRequest{
			Sender:     "+15551234567",
			Recipients: []string{"+15559876543"},
			Body:       "Your appointment is tomorrow at 2 pm",
		})
		fmt.Println(message.ID, message.Status)

		var e *clerkapi.Error
		switch {
		case errors.Is(err, clerkapi.ErrRateLimited) && errors.As(err, &e):
			later(e.RetryAfter)
		case errors.Is(err, clerkapi.ErrUnauthorized):
			askForANewKey()
		}

		for message, err := range ann.Messages.All(ctx, &clerkapi.FindMessagesParams{Start: yesterday}) {
			if err != nil {
				return err
			}
			fmt.Println(message.Sender, message.Body)
		}
		return nil
	}
}

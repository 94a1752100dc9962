package clerkapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// exampleAPI stands in for the real one.
func exampleAPI(status int, answer string) (baseURL string, stop func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, answer)
	}))
	return server.URL, server.Close
}

// exampleClient is what a program makes once.
func exampleClient(baseURL string) *clerkapi.Client {
	client, err := clerkapi.NewClient(clerkapi.Options{BaseURL: baseURL})
	if err != nil {
		panic(err)
	}
	return client
}

func Example() {
	baseURL, stop := exampleAPI(201, `{"data": {"id": 42, "status": "sending"}}`)
	defer stop()

	client, err := clerkapi.NewClient(clerkapi.Options{BaseURL: baseURL}) // leave BaseURL out for the real API
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ann := client.As(clerkapi.APIKey("key-of-ann"))

	message, _, err := ann.Messages.Send(context.Background(), &clerkapi.SendMessageRequest{
		Sender:     "+15551234567",
		Recipients: []string{"+15559876543"},
		Body:       "Your appointment is confirmed for tomorrow at 2 pm",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(message.ID, message.Status)
	// Output: 42 sending
}

func ExampleError() {
	baseURL, stop := exampleAPI(429, `{"message": "Too many messages for now"}`)
	defer stop()
	client := exampleClient(baseURL)
	defer client.CloseIdleConnections()

	_, _, err := client.As(clerkapi.APIKey("key")).Messages.Send(context.Background(), &clerkapi.SendMessageRequest{
		Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "Hello"})

	var e *clerkapi.Error
	if errors.As(err, &e) && errors.Is(err, clerkapi.ErrRateLimited) {
		fmt.Println(e)
		fmt.Println("outcome:", e.Outcome)
		fmt.Println("again in:", e.RetryAfter)
	}
	// Output:
	// sendMessage: rate limited (HTTP 429): Too many messages for now
	// outcome: not done
	// again in: 2m0s
}

func ExampleError_failed() {
	baseURL, stop := exampleAPI(201, `{"data": {"id": 43, "status": "failed", "error": "Opted out", "errorCode": 21610}}`)
	defer stop()
	client := exampleClient(baseURL)
	defer client.CloseIdleConnections()

	message, _, err := client.As(clerkapi.APIKey("key")).Messages.Send(context.Background(), &clerkapi.SendMessageRequest{
		Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "Hello"})
	fmt.Println(err)
	fmt.Println(errors.Is(err, clerkapi.ErrFailed), message.ID, message.ErrorCode)
	// Output:
	// sendMessage: accepted, but reported as failed (HTTP 201): Opted out
	// true 43 21610
}

func ExampleMessagesService_All() {
	baseURL, stop := exampleAPI(200, `{"data": [{"id": 1, "body": "Hi"}, {"id": 2, "body": "Bye"}], "total": 2}`)
	defer stop()
	client := exampleClient(baseURL)
	defer client.CloseIdleConnections()

	for message, err := range client.As(clerkapi.APIKey("key")).Messages.All(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(message.ID, message.Body)
	}
	// Output:
	// 1 Hi
	// 2 Bye
}

func ExampleContactsService_Update() {
	baseURL, stop := exampleAPI(200, `{"data": {"id": "c1", "name": "Jane Smith", "email": ""}}`)
	defer stop()
	client := exampleClient(baseURL)
	defer client.CloseIdleConnections()

	name, none := "Jane Smith", ""
	contact, _, err := client.As(clerkapi.APIKey("key")).Contacts.Update(context.Background(), "c1",
		&clerkapi.UpdateContactRequest{
			Name:  &name,
			Email: &none, // emptied; what is nil is not sent
		})
	fmt.Println(contact.Name, err)
	// Output: Jane Smith <nil>
}

package clerkapi_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// local answers without a network.
func local(b *testing.B, status int, body string) *clerkapi.Client {
	b.Helper()
	client, err := clerkapi.NewClient(clerkapi.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		return &http.Response{StatusCode: status, ContentLength: int64(len(body)), Request: r,
			Body: io.NopCloser(strings.NewReader(body))}, nil
	})})
	if err != nil {
		b.Fatal(err)
	}
	return client
}

func BenchmarkSend(b *testing.B) {
	client, key := local(b, 201, messageJSON), clerkapi.APIKey("key-of-ann")
	req := &clerkapi.SendMessageRequest{
		Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "See you at 2 pm"}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := client.As(key).Messages.Send(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	message := strings.TrimSuffix(strings.TrimPrefix(messageJSON, `{"data":`), "}")
	for _, n := range []int{1, 50} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			body := `{"data":[` + strings.Repeat(message+",", n-1) + message + `],"total":50}`
			client, key := local(b, 200, body), clerkapi.APIKey("key-of-ann")
			params := &clerkapi.FindMessagesParams{InboxIds: []string{"5d0e8d03-d09f-47e5-8017-4d00cbf737f4"}, Limit: n}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := client.As(key).Messages.Find(b.Context(), params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

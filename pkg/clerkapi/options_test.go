package clerkapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestNewClientNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := clerkapi.NewClient(clerkapi.Options{
		BaseURL: "ftp://u:hunter2@host", UserAgent: "a\nb", Timeout: -1, MaxAttempts: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"BaseURL", "UserAgent", "Timeout", "MaxAttempts"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestNewClientRefusesABaseURLWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"host", "//host", "https://", "https:///path", "https://:443", "ftp://host", "https://u:hunter2@host",
		"https://host?q", "https://host?", "https://host#f", "https://u:hunter2@ho st", "http://[::1", "mailto:a@b",
	} {
		_, err := clerkapi.NewClient(clerkapi.Options{BaseURL: bad})
		if err == nil || !strings.Contains(err.Error(), "BaseURL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error is %v", bad, err)
		}
	}
}

func TestTheBaseURLMayHaveAPath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                          "https://web-api.clerk.chat/public/contacts/a%2Fb",
		"http://host:8080":          "http://host:8080/public/contacts/a%2Fb",
		"http://host/":              "http://host/public/contacts/a%2Fb",
		"http://host/api/":          "http://host/api/public/contacts/a%2Fb",
		"http://host/with%2Fslash/": "http://host/with%2Fslash/public/contacts/a%2Fb",
	} {
		var got string
		transport := func(r *http.Request) (*http.Response, error) {
			got = r.URL.String()
			return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
		}
		client := newClient(t, clerkapi.Options{BaseURL: base, Transport: roundTrip(transport)}).As(clerkapi.APIKey("k"))
		if _, err := client.Contacts.Delete(t.Context(), "a/b"); err != nil || got != want {
			t.Errorf("%q: request to %s, error %v; want %s", base, got, err, want)
		}
	}
}

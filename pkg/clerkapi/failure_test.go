package clerkapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestAMessageThatWasTakenAndFailedIsBothAMessageAndAnError(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, message, code string }{
		{"error", `"error":"Recipient opted out","errorCode":21610,"status":"failed"`, "Recipient opted out", "21610"},
		{"error alone", `"error":"Recipient\nopted out of key-of-ann"`, "Recipient opted out of [redacted]", ""},
		{"code alone", `"error":null,"errorCode":"30007","status":"sent"`, "", "30007"},
		{"status alone", `"status":"failed"`, "", ""},
		{"code 0 and status", `"errorCode":0,"status":"failed"`, "", "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := answering(t, 201, "application/json", strings.NewReader(`{"data":{"id":7,`+tt.data+`}}`))
			m, resp, err := client.Messages.Send(t.Context(), &clerkapi.SendMessageRequest{})
			e := asError(t, err, clerkapi.ErrFailed)
			if e.Message != tt.message || e.Code != tt.code || e.Outcome != clerkapi.Done || e.Status != 201 {
				t.Errorf("error is %+v, want message %q, code %q, done", e, tt.message, tt.code)
			}
			if m == nil || m.ID != "7" || resp.StatusCode != 201 {
				t.Errorf("message %+v, response %+v; want both beside the error", m, resp)
			}
		})
	}
}

func TestAMessageWithoutFailureIsNoError(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`"error":null`, `"error":"","errorCode":null`, `"errorCode":0`, `"errorCode":"0"`, `"status":"scheduled"`,
	} {
		client := answering(t, 201, "", strings.NewReader(`{"data":{"id":7,`+data+`}}`))
		if m, _, err := client.Messages.Send(t.Context(), &clerkapi.SendMessageRequest{}); err != nil || m.ID != "7" {
			t.Errorf("%s: message %+v, error %v", data, m, err)
		}
	}
}

func TestAMessageWithoutAnIDIsABadAnswer(t *testing.T) {
	t.Parallel()
	client := answering(t, 201, "", strings.NewReader(`{"data":{"status":"sending"}}`))
	m, _, err := client.Messages.Send(t.Context(), &clerkapi.SendMessageRequest{})
	if e := asError(t, err, clerkapi.ErrBadAnswer); e.Outcome != clerkapi.Done || m != nil {
		t.Errorf("error is %+v, message %v", e, m)
	}
}

func TestACampaignThatWasTakenAndFailedIsBothACampaignAndAnError(t *testing.T) {
	t.Parallel()
	for data, message := range map[string]string{
		`"error":"No such list"`: "No such list", `"status":"failed"`: "",
	} {
		client := answering(t, 201, "", strings.NewReader(`{"data":{"id":9,`+data+`}}`))
		c, _, err := client.Campaigns.Create(t.Context(), &clerkapi.CreateCampaignRequest{})
		e := asError(t, err, clerkapi.ErrFailed)
		if e.Message != message || e.Outcome != clerkapi.Done || c == nil || c.ID != "9" {
			t.Errorf("error is %+v, campaign %+v", e, c)
		}
	}
}

func TestTheCauseIsThereButNotPrinted(t *testing.T) {
	t.Parallel()
	secretive := errors.New("dial tcp 10.1.2.3:443: internal name")
	client := newClient(t, clerkapi.Options{MaxAttempts: 1, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, secretive
	})}).As(clerkapi.APIKey("k"))
	_, err := calls["Messages.Find"](t.Context(), client)
	if !errors.Is(err, secretive) {
		t.Errorf("%v does not unwrap to its cause", err)
	}
	if want := "findMessages: interrupted"; err.Error() != want {
		t.Errorf("error reads %q, want %q", err, want)
	}
}

func TestIdsAreEscapedInPathsAndRefusedWhenTheyAreNone(t *testing.T) {
	t.Parallel()
	for id, path := range map[clerkapi.ID]string{
		"c1": "c1", "a/b": "a%2Fb", "a?b#c": "a%3Fb%23c",
		"ä b": "%C3%A4%20b", "...": "...", "{id}": "%7Bid%7D", "a\r\nb": "a%0D%0Ab",
	} {
		client, got := serve(t, 200, `{"data":{"id":"c1"}}`)
		if _, err := client.Contacts.Delete(t.Context(), id); err != nil || got.URI != "/public/contacts/"+path {
			t.Errorf("%q: delete of %s, error %v; want %s", id, got.URI, err, path)
		}
		_, _, err := client.Contacts.Update(t.Context(), id, &clerkapi.UpdateContactRequest{})
		if err != nil || got.URI != "/public/contacts/"+path {
			t.Errorf("%q: update of %s, error %v; want %s", id, got.URI, err, path)
		}
	}
	client := serveFunc(t, clerkapi.Options{}, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("sent %s", r.RequestURI)
	})
	for _, id := range []clerkapi.ID{
		"", ".", "..", "../messages", "a/..", "a/./b", `..\messages`, "%2e%2e", "%2E", "%252e%252e%252fmessages", "..%2fmessages", "..;a/messages",
	} {
		_, err := client.Contacts.Delete(t.Context(), id)
		_ = asError(t, err, clerkapi.ErrInvalid)
		_, _, err = client.Contacts.Update(t.Context(), id, &clerkapi.UpdateContactRequest{})
		_ = asError(t, err, clerkapi.ErrInvalid)
	}
}

func TestARequestThatCannotBeMadeIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	client := serveFunc(t, clerkapi.Options{}, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("sent %s", r.RequestURI)
	})
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"nil message":  func() error { _, _, err := client.Messages.Send(ctx, nil); return err },
		"nil contact":  func() error { _, _, err := client.Contacts.Create(ctx, nil); return err },
		"nil batch":    func() error { _, _, err := client.Contacts.CreateBatch(ctx, nil); return err },
		"nil update":   func() error { _, _, err := client.Contacts.Update(ctx, "c", nil); return err },
		"nil campaign": func() error { _, _, err := client.Campaigns.Create(ctx, nil); return err },
		"far year": func() error {
			_, _, err := client.Messages.Find(ctx, &clerkapi.FindMessagesParams{Start: farAway})
			return err
		},
		"no JSON": func() error {
			_, _, err := client.Contacts.Create(ctx, &clerkapi.ContactFields{Data: noJSON})
			return err
		},
		"year in a body": func() error {
			_, _, err := client.Campaigns.Create(ctx, &clerkapi.CreateCampaignRequest{Timestamp: farAway})
			return err
		},
	} {
		e := asError(t, call(), clerkapi.ErrInvalid)
		if e.Outcome != clerkapi.NotDone || e.Message == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestRepeatsAreLoggedWithoutContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		api := &pipeAPI{handle: busy(429, "1")}
		client := api.start(t, clerkapi.Options{Logger: logger})
		_, _, err := client.Messages.Send(t.Context(), &clerkapi.SendMessageRequest{
			Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "see you"})
		if err != nil {
			t.Fatal(err)
		}
		line := out.String()
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, `"operation":"sendMessage","attempt":1,"status":429`) {
			t.Errorf("the log is %s", line)
		}
		for _, secret := range []string{"key-of-ann", "5551234567", "5559876543", "see you"} {
			if strings.Contains(line, secret) {
				t.Errorf("%q is in the log: %s", secret, line)
			}
		}
	})
}

func TestConnectionsSurviveCallsThatFail(t *testing.T) {
	t.Parallel()
	connections := map[string]bool{}
	client := serveFunc(t, clerkapi.Options{MaxAttempts: 1}, func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(503)
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	})
	for range 5 {
		for name, call := range calls {
			if _, err := call(context.Background(), client); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
	if len(connections) != 1 {
		t.Errorf("40 calls one after the other took %d connections, want 1", len(connections))
	}
}

func TestAnUnknownOutcomeSaysSo(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(clerkapi.Outcome(9)); got != "Outcome(9)" {
		t.Errorf("it is %s", got)
	}
}

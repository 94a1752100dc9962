package clerkapi_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestACallWithoutACredentialSendsNothing(t *testing.T) {
	t.Parallel()
	sent := false
	client := serveFunc(t, clerkapi.Options{}, func(http.ResponseWriter, *http.Request) { sent = true })
	for name, call := range calls {
		for _, credential := range []clerkapi.Credential{{}, clerkapi.APIKey(""), clerkapi.Bearer("")} {
			resp, err := call(t.Context(), client.As(credential))
			if e := asError(t, err, clerkapi.ErrNoCredential); e.Outcome != clerkapi.NotDone || resp != nil || sent {
				t.Errorf("%s: %+v, response %v, sent %v", name, e, resp, sent)
			}
		}
	}
}

func TestCredentialUnfitForAHeaderIsRefusedUnrepeated(t *testing.T) {
	t.Parallel()
	sent := false
	client := serveFunc(t, clerkapi.Options{}, func(http.ResponseWriter, *http.Request) { sent = true })
	for _, bad := range []string{
		"secret\n", "sec\r\nX-Evil: 1", "sec\x00ret", "sec\x7fret", " secret", "sec\tret", "sécret",
	} {
		for _, credential := range []clerkapi.Credential{clerkapi.APIKey(bad), clerkapi.Bearer(bad)} {
			_, err := calls["Messages.Send"](t.Context(), client.As(credential))
			e := asError(t, err, clerkapi.ErrInvalid)
			if sent || e.Outcome != clerkapi.NotDone || !strings.Contains(e.Message, "credential") {
				t.Errorf("%q: %+v, sent %v", bad, e, sent)
			}
			if text := fmt.Sprintf("%v %+v %#v %v", err, e, e, errors.Unwrap(err)); strings.Contains(text, "sec") {
				t.Errorf("the error repeats the credential: %s", text)
			}
		}
	}
}

func TestACredentialPrintsAsRedactedWhereverItIs(t *testing.T) {
	t.Parallel()
	const secret = "sk-verysecret"
	credential := clerkapi.APIKey(secret)
	client := newClient(t, clerkapi.Options{}).As(credential)
	holder := struct {
		Public  clerkapi.Credential
		private clerkapi.Credential
	}{credential, credential}
	var out strings.Builder
	logger := slog.New(slog.NewTextHandler(&out, nil))
	logger.Info("m", "credential", credential, "client", client, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "credential", credential, "client", client, "holder", holder)
	for _, v := range []any{credential, &credential, client, *client, client.Messages, *client.Messages, holder, &holder} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	data, err := json.Marshal(map[string]any{"credential": credential, "holder": holder})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	if text := out.String(); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
		t.Errorf("the credential is in\n%s", text)
	}
	if !strings.Contains(string(data), `"credential":"[redacted]"`) {
		t.Errorf("JSON is %s", data)
	}
}

func TestUsersOfOneClientNeverShareACredential(t *testing.T) {
	t.Parallel()
	// The API answers whom it takes the caller for.
	client := serveFunc(t, clerkapi.Options{}, func(w http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("apiKey") + r.Header.Get("Authorization")
		_, _ = fmt.Fprintf(w, `{"data":[{"id":"1","sender":%q}],"total":1}`, who)
	})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			credential, want := clerkapi.APIKey(fmt.Sprintf("key-%d", i)), fmt.Sprintf("key-%d", i)
			if i%2 == 1 {
				credential, want = clerkapi.Bearer(want), "Bearer "+want
			}
			mine := client.As(credential)
			for range 10 {
				page, _, err := mine.Messages.Find(t.Context(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if got := page.Data[0].Sender; got != want {
					t.Errorf("the API took %s for %s", want, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestARedirectIsNotFollowedAndTheKeyStaysHome(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host got %s %s with %v", r.Method, r.URL, r.Header)
	}))
	defer elsewhere.Close()
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		for _, location := range []string{elsewhere.URL, "/public/messages", "://nonsense", ""} {
			requests := 0
			client := serveFunc(t, clerkapi.Options{}, func(w http.ResponseWriter, r *http.Request) {
				requests++
				_, _ = io.Copy(io.Discard, r.Body)
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
			})
			for _, method := range []string{"Messages.Send", "Messages.Find", "Contacts.Delete"} {
				requests = 0
				_, err := calls[method](t.Context(), client)
				e := asError(t, err, clerkapi.ErrRejected)
				if e.Status != status || requests != 1 || !strings.Contains(e.Message, "check the base URL") {
					t.Errorf("%s, %d to %q: error is %+v after %d requests", method, status, location, e, requests)
				}
			}
		}
	}
}

func TestADigestTellsWhichCredentialsAreTheSame(t *testing.T) {
	digest := func(b []byte) []byte {
		sum := sha256.Sum256(b)
		return sum[:]
	}
	seen := map[string]string{}
	for name, c := range map[string]clerkapi.Credential{
		"none": {}, "a key": clerkapi.APIKey("a"), "another key": clerkapi.APIKey("b"), "a token": clerkapi.Bearer("a"),
	} {
		d := string(c.Digest(digest))
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[d] = name
	}
	if seen[string(clerkapi.APIKey("a").Digest(digest))] != "a key" {
		t.Error("one key made twice is two")
	}
}

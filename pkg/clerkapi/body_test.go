package clerkapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// answering is a client, with the credential key-of-ann, of an API that answers everything alike.
func answering(t testing.TB, status int, contentType string, body io.Reader) *clerkapi.Client {
	client, err := clerkapi.NewClient(clerkapi.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}},
			Body: io.NopCloser(body), ContentLength: -1, Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	return client.As(clerkapi.APIKey("key-of-ann"))
}

func TestTheMessageIsFoundInABodyOfAnyShape(t *testing.T) {
	t.Parallel()
	const jsonType, text, page = "application/json; charset=utf-8", "text/plain", "text/html"
	tests := []struct{ name, contentType, body, message, code string }{
		{"empty", "", "", "", ""},
		{"message", jsonType, `{"statusCode":422,"message":"sender must be a string","error":"Unprocessable Entity"}`,
			"sender must be a string", ""},
		{"list of messages", jsonType, `{"message":["sender must be a string","body should not be empty"]}`,
			"sender must be a string; body should not be empty", ""},
		{"error string", jsonType, `{"error":"No such list"}`, "No such list", ""},
		{"error object", jsonType, `{"error":{"message":"No such list","code":"LIST_404"}}`, "No such list", "LIST_404"},
		{"code number", jsonType, `{"message":"m","code":21610}`, "m", "21610"},
		{"errorCode", jsonType, `{"message":"m","errorCode":"E1"}`, "m", "E1"},
		{"errors list", jsonType, `{"errors":[{"detail":"one"},"two",{"message":"three"}]}`, "one; two; three", ""},
		{"errors by field", jsonType, `{"message":"Invalid","errors":{"phone":["is taken"],"email":"is wrong"}}`,
			"Invalid: email: is wrong; phone: is taken", ""},
		{"constraints", jsonType, `{"message":[{"property":"to","constraints":{"isString":"to must be a string"}}]}`,
			"isString: to must be a string", ""},
		{"problem details", "application/problem+json", `{"title":"Bad","detail":"The list is empty"}`, "The list is empty", ""},
		{"title only", "application/problem+json", `{"title":"Bad"}`, "Bad", ""},
		{"upper case", jsonType, `{"Message":"Limit exceeded"}`, "Limit exceeded", ""},
		{"string", jsonType, `"just so"`, "just so", ""},
		{"list", jsonType, `["a","b"]`, "a; b", ""},
		{"number", jsonType, `42`, "", ""},
		{"null", jsonType, `null`, "", ""},
		{"message of another type", jsonType, `{"message":17,"error":true}`, "", ""},
		{"nothing known", jsonType, `{"foo":"bar"}`, "", ""},
		{"broken JSON", jsonType, `{"message":"cut sh`, "", ""},
		{"text labeled JSON", jsonType, `upstream connect error`, "upstream connect error", ""},
		{"JSON without a label", "", `{"message":"m"}`, "m", ""},
		{"JSON labeled text", text, `{"message":"m"}`, "m", ""},
		{"text", text, "Too many requests,\r\n\tcome back later.\n", "Too many requests, come back later.", ""},
		{"text without a label", "", "no healthy upstream", "no healthy upstream", ""},
		{"byte order mark", jsonType, "\ufeff{\"message\":\"m\"}", "m", ""},
		{"page", page, "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>",
			"502 Bad Gateway", ""},
		{"page with entities", page, "<TITLE>\n A &amp; B\n</TITLE>", "A & B", ""},
		{"page without a title", page, "<html><body>Long story</body></html>", "", ""},
		{"page with a long title", page, "<title>" + strings.Repeat("x", 300) + "</title>", "", ""},
		{"page labeled JSON", jsonType, "<!doctype html><title>Oops</title>", "Oops", ""},
		{"XML", "application/xml", "<Error><Message>m</Message></Error>", "", ""},
		{"picture", "image/png", "\x89PNG\r\n", "", ""},
		{"binary", text, "a\x00b", "", ""},
		{"control characters", jsonType, `{"message":"a\u001b[31m\u0007b\u202e\u200bc\r\nd\u2028e"}`, "a[31mbc d e", ""},
		{"bytes that are no UTF-8", text, "caf\xe9", "caf", ""},
		{"the credential", jsonType, `{"message":"key key-of-ann is wrong","code":"key-of-ann"}`,
			"key [redacted] is wrong", "[redacted]"},
		{"the credential in pieces", jsonType, `{"message":"key-\u200bof-ann"}`, "[redacted]", ""},
		{"long code", jsonType, `{"message":"m","code":"` + strings.Repeat("x", 100) + `"}`, "m", strings.Repeat("x", 61) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := calls["Messages.Send"](t.Context(), answering(t, 422, tt.contentType, strings.NewReader(tt.body)))
			e := asError(t, err, clerkapi.ErrUnprocessable)
			if e.Message != tt.message || e.Code != tt.code {
				t.Errorf("message %q, code %q; want %q, %q", e.Message, e.Code, tt.message, tt.code)
			}
			if text := err.Error(); tt.message != "" && !strings.HasSuffix(text, "(HTTP 422): "+tt.message) {
				t.Errorf("the error reads %q", text)
			}
		})
	}
}

func TestALongMessageEndsAtAWholeCharacter(t *testing.T) {
	t.Parallel()
	for _, pad := range []string{"", "a", "ab", "abc"} {
		body := strings.NewReader(pad + strings.Repeat("😀", 400))
		_, err := calls["Messages.Send"](t.Context(), answering(t, 400, "text/plain", body))
		m := asError(t, err, clerkapi.ErrBadRequest).Message
		if len(m) > 500 || len(m) < 490 || !utf8.ValidString(m) || !strings.HasSuffix(m, "😀…") {
			t.Errorf("message has %d bytes and ends with %q", len(m), m[len(m)-8:])
		}
	}
}

// endless is a body without an end; it counts what is read of it.
type endless struct {
	start string
	read  int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.start)
	e.start = e.start[n:]
	for i := n; i < len(p); i++ {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestBodiesAreReadUpToALimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method  string
		status  int
		start   string
		reason  error
		outcome clerkapi.Outcome
		limit   int
	}{
		{"Messages.Send", 201, `{"data":`, clerkapi.ErrBadAnswer, clerkapi.Done, 8 << 20},
		{"Messages.Find", 200, `{"data":`, clerkapi.ErrBadAnswer, clerkapi.NotDone, 8 << 20},
		{"Messages.Send", 400, `a text`, clerkapi.ErrBadRequest, clerkapi.NotDone, 64 << 10},
		{"Messages.Send", 500, `a text`, clerkapi.ErrServer, clerkapi.Unknown, 64 << 10},
	}
	for _, tt := range tests {
		t.Run(tt.method+"/"+http.StatusText(tt.status), func(t *testing.T) {
			t.Parallel()
			body := &endless{start: tt.start}
			resp, err := calls[tt.method](t.Context(), answering(t, tt.status, "text/plain", body))
			if e := asError(t, err, tt.reason); e.Outcome != tt.outcome || resp.Attempts != 1 {
				t.Errorf("error is %+v after %d attempts, want outcome %v after one", e, resp.Attempts, tt.outcome)
			}
			if body.read > tt.limit+bytes.MinRead {
				t.Errorf("%d bytes were read, want %d", body.read, tt.limit)
			}
			if tt.status == 400 && !strings.HasSuffix(err.Error(), ": a text") {
				t.Errorf("error is %q, want what was read of the body", err)
			}
		})
	}
}

func TestAnAnswerThatCannotBeReadMeansThatItWasDone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": ``, "null": `null`, "no data": `{}`, "null data": `{"data":null}`, "page": `<html>`,
		"broken": `{"data":{"id":1`, "wrong type": `{"data":"x"}`, "more": `{"data":{"id":"1"}} {}`,
		"wrong time": `{"data":{"id":1,"created":"yesterday"}}`,
	} {
		for _, method := range []string{"Messages.Send", "Contacts.Create", "Contacts.CreateBatch", "Contacts.Update",
			"Campaigns.Create", "Messages.Find", "Contacts.Search"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				t.Parallel()
				want := clerkapi.Done
				if method == "Messages.Find" || method == "Contacts.Search" {
					want = clerkapi.NotDone
				}
				_, err := calls[method](t.Context(), answering(t, 201, "application/json", strings.NewReader(body)))
				if e := asError(t, err, clerkapi.ErrBadAnswer); e.Outcome != want || e.Status != 201 || errors.Unwrap(err) == nil {
					t.Errorf("error is %+v, want outcome %v and a cause", e, want)
				}
			})
		}
	}
}

func TestADeleteNeedsNoBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "OK", `{"data":`, "<html>"} {
		if _, err := calls["Contacts.Delete"](t.Context(), answering(t, 200, "", strings.NewReader(body))); err != nil {
			t.Errorf("body %q: %v", body, err)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	f.Add("application/json", []byte(`{"message":["a","b"],"errors":{"x":[{"detail":"d"}]},"code":1}`))
	f.Add("text/html", []byte("<title>x</title>"))
	f.Add("text/plain", []byte("key-of-ann\xff\u202e\r\n"))
	f.Add("", []byte(`[[[[[[[["deep"]]]]]]]]`))
	f.Add("application/json", []byte(`{"error":{"error":{"error":{"error":{"error":"deep"}}}}}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		_, err := calls["Contacts.Update"](t.Context(), answering(t, 422, contentType, bytes.NewReader(body)))
		e := asError(t, err, clerkapi.ErrUnprocessable)
		for what, limit := range map[string]int{e.Message: 500, e.Code: 64} {
			if len(what) > limit || !utf8.ValidString(what) || strings.ContainsFunc(what, unicode.IsControl) ||
				strings.Contains(what, "key-of-ann") || strings.TrimSpace(what) != what {
				t.Errorf("%q is not one clean line of at most %d bytes", what, limit)
			}
		}
	})
}

func TestNumbersInFreeMetadataKeepEveryDigit(t *testing.T) {
	const digits = "9007199254740993"
	client := answering(t, http.StatusCreated, "application/json", strings.NewReader(`{"data":{"id":"1","data":{"account":`+digits+`}}}`))
	contact, _, err := client.Contacts.Create(t.Context(), &clerkapi.ContactFields{Name: "Jane"})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(contact.Data["account"]); got != digits {
		t.Errorf("the number came back as %s, want %s", got, digits)
	}
}

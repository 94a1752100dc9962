package endpoint_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
)

// broken is a connection that takes no bytes.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, errors.New("the connection is gone") }

func TestWritersInFrontOfAnAnswerPassItOn(t *testing.T) {
	for name, around := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"takes back": func(w http.ResponseWriter) http.ResponseWriter {
			rw, _ := endpoint.NewRevocable(w, func(error) { t.Error("refused") })
			return rw
		},
		"adds a session": func(w http.ResponseWriter) http.ResponseWriter {
			sw, told := endpoint.NewSessionWriter(w)
			told("the id")
			return sw
		},
		"puts ids back": func(w http.ResponseWriter) http.ResponseWriter { return endpoint.NewAliasWriter(w, `"alias"`, `1.0`) },
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			w := around(rec)
			w.WriteHeader(http.StatusAccepted)
			if n, err := w.Write([]byte(`{"id":"alias"}`)); n != len(`{"id":"alias"}`) || err != nil {
				t.Errorf("wrote %d bytes, %v", n, err)
			}
			if err := http.NewResponseController(w).Flush(); err != nil || !rec.Flushed {
				t.Errorf("flushed %v, %v", rec.Flushed, err)
			}
			body := map[bool]string{true: `{"id":1.0}`, false: `{"id":"alias"}`}[name == "puts ids back"]
			session := map[bool]string{true: "the id"}[name == "adds a session"]
			if rec.Code != http.StatusAccepted || rec.Body.String() != body || rec.Result().Header.Get(endpoint.SessionHeader) != session {
				t.Errorf("answered %d %v %s", rec.Code, rec.Header(), rec.Body)
			}
			if n, err := around(broken{httptest.NewRecorder()}).Write([]byte("x")); n != 0 || err == nil {
				t.Errorf("a connection that is gone took %d bytes, %v", n, err)
			}
		})
	}
}

// What is answered in place of something else counts as written: whoever writes goes on.
func TestAnAnswerThatWasTakenBackIsWrittenForItsWriter(t *testing.T) {
	rec := httptest.NewRecorder()
	w, takeBack := endpoint.NewRevocable(rec, func(error) {})
	takeBack(signIn{})
	if n, err := w.Write([]byte("the answer")); n != len("the answer") || err != nil || rec.Body.Len() > 0 {
		t.Errorf("wrote %d bytes, %v, answered %q", n, err, rec.Body)
	}
}

func TestASessionThatIsMintedTooLateIsNotInTheAnswer(t *testing.T) {
	rec := httptest.NewRecorder()
	w, told := endpoint.NewSessionWriter(rec)
	_, _ = w.Write([]byte("a"))
	told("the id")
	_, _ = w.Write([]byte("b"))
	if got := rec.Header().Get(endpoint.SessionHeader); got != "" || rec.Body.String() != "ab" {
		t.Errorf("session %q, answered %q", got, rec.Body)
	}
}

// net/http takes the writer back when a request has ended, and a call may outlive its request.
func TestARequestThatHasEndedIsNotAnswered(t *testing.T) {
	rec := httptest.NewRecorder()
	w, refuse := endpoint.NewEndedWriter(rec, func(error) { t.Error("refused") })
	refuse(signIn{})
	w.WriteHeader(http.StatusAccepted)
	n, err := w.Write([]byte("late"))
	if flushed := http.NewResponseController(w).Flush(); n != 4 || err != nil || flushed != nil || rec.Flushed || rec.Body.Len() > 0 || rec.Code != http.StatusOK {
		t.Errorf("wrote %d bytes, %v, %v, answered %d %q", n, err, flushed, rec.Code, rec.Body)
	}
}

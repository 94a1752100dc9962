package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
)

// answer is what is answered to a request: a status, and a value that becomes JSON. A nil body is
// not a body.
type answer struct {
	status int
	body   any
}

// refusal is the body of an error. The document has none; this is what APIs of this make answer.
type refusal struct {
	StatusCode int    `json:"statusCode"`
	Message    any    `json:"message"` // a string, or a list of strings: both happen
	Error      string `json:"error,omitempty"`
}

// refuse answers an error with one message, or with a list of them.
func refuse[M string | []string](status int, message M) answer {
	return answer{status, refusal{StatusCode: status, Message: message, Error: http.StatusText(status)}}
}

// refuseBare answers an error without detail.
func refuseBare(status int) answer {
	return answer{status, refusal{StatusCode: status, Message: http.StatusText(status)}}
}

// refuseFor is the one place where errors of the store become statuses.
func refuseFor(err error) answer {
	if _, missing := errors.AsType[missingError](err); missing {
		return refuse(http.StatusNotFound, err.Error())
	}
	if p, several := errors.AsType[problems](err); several {
		return refuse(http.StatusUnprocessableEntity, []string(p))
	}
	return refuse(http.StatusUnprocessableEntity, err.Error())
}

// encode gives the bytes of the body.
func (a answer) encode() ([]byte, error) {
	if a.body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(a.body)
	return b.Bytes(), err
}

// write sends the answer.
func (s *Sandbox) write(w http.ResponseWriter, a answer) {
	body, err := a.encode()
	if err != nil {
		s.options.Logger.Error("sandbox: answer cannot be encoded", "error", err)
		http.Error(w, "the sandbox could not encode its answer", http.StatusInternalServerError)
		return
	}
	writeRaw(w, a.status, body)
}

const jsonType = "application/json; charset=utf-8"

func writeRaw(w http.ResponseWriter, status int, body []byte) {
	if len(body) > 0 && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", jsonType)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, or what a fault asks for; the client may be gone
}

package endpoint_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAClientThatTakesOnlyEventsGetsEvents(t *testing.T) {
	for _, accept := range []string{"text/event-stream", "TEXT/event-stream; q=0.9", "text/*", "text/event-stream, application/json;q=0"} {
		r := newReplica(t, setup{})
		for name, body := range map[string]string{"a call": callProbe, "initialize": initialize, "an odd id": strings.Replace(callProbe, `"id":2`, `"id":2.0`, 1)} {
			a := r.send(t, http.MethodPost, body, "Accept", accept)
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream" || !strings.Contains(a.body, "data: {") {
				t.Errorf("%s: %s: answered %d %s %q", accept, name, a.status, a.header.Get("Content-Type"), a.body)
			}
			if name == "initialize" && a.header.Get("Mcp-Session-Id") == "" {
				t.Errorf("%s: an initialize without a session", accept)
			}
			if name == "an odd id" && !strings.Contains(a.body, `"id":2.0`) {
				t.Errorf("%s: answered %s", accept, a.body)
			}
		}
	}
}

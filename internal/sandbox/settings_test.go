package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// put sends a control that has to be answered with this status.
func (b *bench) control(status int, method, path, body string) string {
	b.Helper()
	return b.do(status, method, "/_sandbox/"+path, body, "apiKey", "").body
}

func TestSettingsAreReadAsTheyAreWritten(t *testing.T) {
	b := newBench(t)
	const start = `{"lenient":false,"requests_per_second":0}` + "\n"
	if got := b.control(200, "GET", "settings", ""); got != start {
		t.Errorf("at first: %s", got)
	}
	b.control(200, "PUT", "settings", `{"requests_per_second":3}`)
	const want = `{"lenient":true,"requests_per_second":3}` + "\n"
	if got := b.control(200, "PUT", "settings", `{"lenient":true}`); got != want {
		t.Errorf("answered %s", got)
	}
	if got := b.control(200, "PUT", "settings", want); got != want {
		t.Errorf("written as it was read: %s", got)
	}
	for _, wrong := range []string{``, `{`, `[]`, `{"lenient":"yes"}`, `{"strict":true}`, `{"requests_per_second":-1}`, `{} {}`} {
		b.control(400, "PUT", "settings", wrong)
	}
	if got := b.control(200, "GET", "settings", ""); got != want {
		t.Errorf("a refused change: %s", got)
	}
	b.control(204, "POST", "reset", "")
	if got := b.control(200, "GET", "settings", ""); got != start {
		t.Errorf("after a reset: %s", got)
	}
}

func TestRequestsOverTheRateAreTooMany(t *testing.T) {
	b := newBench(t)
	b.control(200, "PUT", "settings", `{"requests_per_second":2}`)
	b.fault(`{"operation":"createContact","kind":"status","status":503}`)
	b.send()
	b.find("")
	r := b.do(http.StatusTooManyRequests, "POST", "/public/contacts", `{"name":"Jane"}`)
	if r.header.Get("Retry-After") != "1" || decode[refused](b, r).StatusCode != 429 {
		t.Errorf("answered %+v", r)
	}
	b.do(http.StatusOK, "GET", "/public/messages", "", "apiKey", sandbox.KeyGlobex) // has a rate of its own
	b.clock.move(999 * time.Millisecond)
	b.do(http.StatusTooManyRequests, "GET", "/public/messages", "")
	b.clock.move(time.Millisecond)
	b.do(http.StatusServiceUnavailable, "POST", "/public/contacts", `{"name":"Jane"}`) // the fault is still there
	b.find("")
	b.do(http.StatusTooManyRequests, "GET", "/public/messages", "")
	b.control(200, "PUT", "settings", `{"requests_per_second":0}`)
	b.find("")
	if got := len(b.committed()); got != 1 {
		t.Errorf("%d messages, want 1", got)
	}
}

func TestTheClockGoesAheadAndCarriesOutWhatIsDue(t *testing.T) {
	b := newBench(t)
	b.createCampaign("timestamp", `"2026-05-04T11:00:00Z"`)
	status := func() string { return b.state("").Campaigns[0].Status }
	if got := b.control(200, "PUT", "clock", `{"advance":"59m59.999s"}`); got != `{"now":"2026-05-04T10:59:59.999Z"}`+"\n" {
		t.Errorf("answered %s", got)
	}
	if got := len(b.committed()); got != 0 || status() != "scheduled" {
		t.Errorf("before it is due: %d messages, %s", got, status())
	}
	b.control(200, "PUT", "clock", `{"now":"2026-05-04T13:00:00+02:00"}`)
	if got := b.committed(); len(got) != 3 || status() != "sent" || got[0].Status != "sending" {
		t.Errorf("when it is due: %+v, %s", got, status())
	}
	if got := b.send().Created; !got.Equal(begin.Add(time.Hour)) {
		t.Errorf("a message is of %v", got)
	}
	b.clock.move(time.Second) // it goes on from there
	if got := b.control(200, "GET", "clock", ""); got != `{"now":"2026-05-04T11:00:01Z"}`+"\n" {
		t.Errorf("a second later: %s", got)
	}
	for _, wrong := range []string{
		`{}`, `{"advance":"1h","now":"2030-01-01T00:00:00Z"}`, `{"advance":"soon"}`, `{"now":"tomorrow"}`, `{"by":1}`,
	} {
		b.control(400, "PUT", "clock", wrong)
	}
	for _, back := range []string{`{"advance":"-1s"}`, `{"now":"2026-05-04T11:00:00Z"}`, `{"now":"9999-01-01T00:00:00Z"}`} {
		b.control(422, "PUT", "clock", back)
	}
	b.control(204, "POST", "reset", "")
	if got := b.control(200, "GET", "clock", ""); got != `{"now":"2026-05-04T10:00:01Z"}`+"\n" {
		t.Errorf("after a reset: %s", got)
	}
}

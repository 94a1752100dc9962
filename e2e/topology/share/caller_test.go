//go:build unix

package share_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// caller is a program that makes requests, those that it makes at once on a connection each.
type caller struct {
	http  *http.Client
	url   string
	token string // none: nobody has signed in
}

// patience ends what would never end.
const patience = 3 * time.Minute

func newCaller(t testing.TB, url string) *caller {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 1 << 20, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{url: url, http: &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came of a request.
type answer struct {
	status     int
	retryAfter string
	body       []byte // not more than keep of it
	length     int64
	err        error
	took       time.Duration
	repeats    int // how often it was made again, as the answer before asked
}

// keep is more than any answer that is looked at.
const keep = 1 << 20

// do makes a request. Pairs of names and values are headers.
func (c *caller) do(method, path, body string, header ...string) answer {
	begun := time.Now()
	if c.token != "" {
		header = append([]string{"Authorization", "Bearer " + c.token}, header...)
	}
	req := rpctest.Post(c.url+path, body, append([]string{"Accept", ""}, header...)...)
	req.Method, req.Keep = method, keep
	a, err := req.Send(context.Background(), c.http)
	return answer{
		status: a.Status, retryAfter: a.Header.Get("Retry-After"), body: []byte(a.Body), length: a.Length, err: err, took: time.Since(begun),
	}
}

func (c *caller) post(message string) answer { return c.do(http.MethodPost, "/mcp", message) }

// insist posts a message, and again whenever a 503 says when.
func (c *caller) insist(message string) answer {
	begun := time.Now()
	for repeats := 0; ; repeats++ {
		a := c.post(message)
		wait, err := strconv.Atoi(a.retryAfter)
		if a.status != http.StatusServiceUnavailable || err != nil || time.Since(begun) > patience {
			a.repeats, a.took = repeats, time.Since(begun)
			return a
		}
		<-time.After(time.Duration(wait) * time.Second)
	}
}

// reply is a JSON-RPC answer.
type reply struct {
	Result *struct {
		IsError bool
		Content []struct{ Text string }
	}
	Error *struct{ Message string }
}

// replies are those of an answer, of which a batch has many.
func (a answer) replies() (all []reply) {
	if json.Unmarshal(a.body, &all) == nil {
		return all
	}
	all = make([]reply, 1)
	if json.Unmarshal(a.body, &all[0]) != nil {
		return nil
	}
	return all
}

func (r reply) served() bool { return r.Result != nil && !r.Result.IsError }

// served tells whether a single call was, and not refused in one way or another.
func (a answer) served() bool {
	all := a.replies()
	return a.err == nil && a.status == http.StatusOK && len(all) == 1 && all[0].served()
}

// kind is what an answer is counted as.
func (a answer) kind() string {
	switch replies := a.replies(); {
	case a.err != nil:
		return "no answer"
	case a.status != http.StatusOK, len(replies) == 0, replies[0] == reply{}: // or it is too long, or not JSON-RPC
		return strconv.Itoa(a.status)
	case len(replies) > 1:
		return "batch"
	case a.served():
		return "served"
	}
	return "refused"
}

// text is what a person would be told, cut short.
func (a answer) text() string {
	if a.err != nil {
		return a.err.Error()
	}
	text := string(a.body)
	if all := a.replies(); len(all) == 1 && all[0].Result != nil && len(all[0].Result.Content) > 0 {
		text = all[0].Result.Content[0].Text
	}
	return fmt.Sprintf("%d %.200s", a.status, text)
}

// tally is what came of many requests.
type tally struct{ answers []answer }

// most is how many a limit per minute lets through in the time since a load began.
func most(limit int, begun time.Time) int { return limit * (1 + int(time.Since(begun)/time.Minute)) }

// flood makes requests over so many connections, one after another on each, as long as there are
// more.
func flood(connections int, more func(n int) bool, do func(n int) answer) *tally {
	var next atomic.Int64
	perWorker := make([][]answer, connections)
	var workers sync.WaitGroup
	for w := range perWorker {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; more(n); n = int(next.Add(1)) - 1 {
				perWorker[w] = append(perWorker[w], do(n))
			}
		})
	}
	workers.Wait()
	return &tally{slices.Concat(perWorker...)}
}

// upTo is a number of requests in all, for flood.
func upTo(total int) func(int) bool { return func(n int) bool { return n < total } }

// lasting is a time for requests, for flood.
func lasting(d time.Duration) func(int) bool {
	end := time.Now().Add(d)
	return func(int) bool { return time.Now().Before(end) }
}

func (t *tally) count(is func(answer) bool) (n int) {
	for _, a := range t.answers {
		if is(a) {
			n++
		}
	}
	return n
}

func (t *tally) repeats() (n int) {
	for _, a := range t.answers {
		n += a.repeats
	}
	return n
}

func ofKind(kinds ...string) func(answer) bool {
	return func(a answer) bool { return slices.Contains(kinds, a.kind()) }
}

// String says how many there were of each kind.
func (t *tally) String() string {
	counts := map[string]int{}
	for _, a := range t.answers {
		counts[a.kind()]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// sample is one answer of each kind.
func (t *tally) sample() string {
	samples := map[string]string{}
	for _, a := range t.answers {
		samples[a.kind()] = a.text()
	}
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(samples)) {
		lines = append(lines, kind+": "+samples[kind])
	}
	return strings.Join(lines, "\n")
}

// latency is how long the middle one and the last one waited.
func (t *tally) latency() (median, worst time.Duration) {
	if len(t.answers) == 0 {
		return 0, 0
	}
	all := make([]time.Duration, len(t.answers))
	for i, a := range t.answers {
		all[i] = a.took
	}
	slices.Sort(all)
	return all[len(all)/2].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond)
}

package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// sendRequest is one client's request to send the text that all of them send.
func sendRequest(id int, modern bool) (body string, headers []string) {
	meta := ""
	headers = []string{"Content-Type", "application/json", "Accept", "application/json"}
	if modern {
		meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":` +
			`{"name":"a","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
		headers = append(headers, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "send_message")
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send_message","arguments":`+
		`{"sender":"+15551234567","recipients":["+15559876543"],"body":"Hi"}%s}}`, id, meta), headers
}

func wantOutcome(t *testing.T, a answer, want string) {
	t.Helper()
	if !strings.Contains(a.body, `"chat.clerk/disposition":"`+want+`"`) {
		t.Errorf("%d %s; want %s", a.status, a.body, want)
	}
}

// Two clients whose ids start at 1 send the same text: without a login, and as one service account.
func TestClientsWithoutASessionAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	for _, modern := range []bool{false, true} {
		for name, start := range map[string]func(t *testing.T) (cfg config.Config, base, token string){
			"no login": func(t *testing.T) (config.Config, string, string) {
				cfg := valid(t)
				return cfg, run(t, cfg), ""
			},
			"a service account": func(t *testing.T) (config.Config, string, string) {
				issuer := tokentest.NewIssuer(t)
				cfg := valid(t)
				cfg.Auth, cfg.TokenIssuers, cfg.AllowSignin = "external", []string{issuer.URL}, []string{"groups=support"}
				base := run(t, cfg)
				return cfg, base, issuer.Sign(claims(issuer, base+"/mcp", "messages:send"))
			},
		} {
			t.Run(fmt.Sprintf("%s, modern %v", name, modern), func(t *testing.T) {
				cfg, base, token := start(t)
				body, headers := sendRequest(1, modern)
				if token != "" {
					headers = append(headers, "Authorization", "Bearer "+token)
				}
				for range 3 {
					wantOutcome(t, request(t, http.MethodPost, base+"/mcp", body, headers...), "executed")
				}
				if n := sentBy(t, cfg); n != 3 {
					t.Errorf("%d messages; want 3", n)
				}
			})
		}
	}
}

func TestCurlOfTheReadmeSendsEachTime(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	curl := regexp.MustCompile(`(?s)\ncurl -s \S+/mcp -H 'Content-Type: application/json' -d '(.*?)'\n`).FindSubmatch(readme)
	if curl == nil {
		t.Fatal("README.md has no curl")
	}
	cfg := valid(t)
	base := run(t, cfg)
	for range 3 {
		wantOutcome(t, request(t, http.MethodPost, base+"/mcp", string(curl[1]), "Content-Type", "application/json"), "executed")
	}
	if n := sentBy(t, cfg); n != 3 {
		t.Errorf("%d messages; want 3", n)
	}
}

func TestWithinASessionARetransmissionIsRecognized(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	for range 2 { // an agent that means it twice
		p.want(t, 0, "", "executed")
	}
	session, other := p.clients[0].ID(), p.clients[1].ID()
	for _, step := range []struct {
		replica, id   int
		session, want string
	}{{0, 7, session, "executed"}, {1, 7, session, "replayed"}, {1, 8, session, "executed"}, {0, 7, other, "executed"}} {
		body, headers := sendRequest(step.id, false)
		a := request(t, http.MethodPost, p.replicas[step.replica]+"/mcp", body, append(headers, "Mcp-Session-Id", step.session)...)
		wantOutcome(t, a, step.want)
		if strings.Contains(a.body, "new idempotency_key") {
			t.Errorf("a new key where none was given: %s", a.body)
		}
	}
	p.sent(t, 5)
}

func TestEqualCallsOfABatchAreSeveral(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	first, headers := sendRequest(1, false)
	second, _ := sendRequest(2, false)
	for range 2 { // the whole batch again, without and with a session
		a := request(t, http.MethodPost, p.replicas[0]+"/mcp", "["+first+","+second+"]", headers...)
		if n := strings.Count(a.body, `"chat.clerk/disposition":"executed"`); n != 2 {
			t.Errorf("%d of 2 were sent: %s", n, a.body)
		}
		headers = append(headers, "Mcp-Session-Id", p.clients[0].ID())
	}
	p.sent(t, 4)
	a := request(t, http.MethodPost, p.replicas[1]+"/mcp", "["+first+","+second+"]", headers...)
	if n := strings.Count(a.body, `"chat.clerk/disposition":"replayed"`); n != 2 {
		t.Errorf("%d of 2 were recognized: %s", n, a.body)
	}
	p.sent(t, 4)
}

// The id that a trusted proxy gives counts together with the JSON-RPC id and with what is asked
// for.
func TestWhatAProxySendsAgainIsRecognized(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trusted []string
		want    []string
	}{
		"a trusted one": {[]string{"127.0.0.1"}, []string{"executed", "replayed", "executed", "executed", "executed"}},
		"any other":     {nil, []string{"executed", "executed", "executed", "executed", "executed"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(c *config.Config) { c.TrustedProxies = tc.trusted })
			for i, step := range []struct {
				replica, id int
				proxy, text string
			}{{0, 1, "p1", "Hi"}, {1, 1, "p1", "Hi"}, {1, 2, "p1", "Hi"}, {0, 1, "p2", "Hi"}, {0, 1, "p1", "Hello"}} {
				body, headers := sendRequest(step.id, true)
				body = strings.Replace(body, "Hi", step.text, 1)
				a := request(t, http.MethodPost, p.replicas[step.replica]+"/mcp", body, append(headers, "X-Request-Id", step.proxy)...)
				wantOutcome(t, a, tc.want[i])
			}
		})
	}
}

// lockedBuffer is a log that is read while others write it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestCallsThatNothingWouldRecognizeAreCountedAndWarnedOf(t *testing.T) {
	t.Parallel()
	const warning = "without an X-Request-Id"
	for name, tc := range map[string]struct {
		trusted []string
		headers []string
		warned  int
		counted bool
	}{
		"behind a proxy that names nothing": {trusted: []string{"127.0.0.1"}, warned: 1, counted: true},
		"behind one that names requests":    {trusted: []string{"127.0.0.1"}, headers: []string{"X-Request-Id", "p"}},
		"without a proxy":                   {counted: true},
		"past the proxy":                    {trusted: []string{"10.0.0.0/8"}, headers: []string{"X-Request-Id", "p"}, counted: true},
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			cfg := valid(t)
			cfg.TrustedProxies, cfg.AdminListen = tc.trusted, "127.0.0.1:0"
			var admin string
			base := runAt(t, cfg, func(o *gateway.Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				admin = "http://" + o.Config.AdminListen
			})
			body, headers := sendRequest(1, false)
			for range 2 {
				request(t, http.MethodPost, base+"/mcp", body, append(headers, tc.headers...)...)
			}
			keyed := strings.Replace(body, `"body"`, `"idempotency_key":"k","body"`, 1)
			request(t, http.MethodPost, base+"/mcp", keyed, headers...)
			if n := strings.Count(log.String(), warning); n != tc.warned {
				t.Errorf("%d warnings; want %d: %s", n, tc.warned, log.String())
			}
			const counter = `clerk_gateway_creations_unrecognizable_total{tool="send_message"} 2`
			if metrics := request(t, http.MethodGet, admin+"/metrics", "").body; strings.Contains(metrics, counter) != tc.counted {
				t.Errorf("counted %v; want %v", !tc.counted, tc.counted)
			}
		})
	}
}

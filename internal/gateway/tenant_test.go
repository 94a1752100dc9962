package gateway_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// secondKey is another API key of the first team, which the recorder in front of the sandbox takes
// for the first one.
const secondKey = "sandbox-key-of-another-day"

func sameTeam(r *http.Request) {
	if r.Header.Get("Apikey") == secondKey {
		r.Header.Set("Apikey", sandbox.Key)
	}
}

// as has the next person who signs in be somebody.
func (s *signedIn) as(t *testing.T, person, key string) *signedIn {
	t.Helper()
	request(t, http.MethodPut, s.sandbox+"/_sandbox/oidc", `{"auto_approve":"`+person+`"}`, "Content-Type", "application/json")
	s.key = key
	return s
}

// sendAs sends the text that everybody sends, and gives the way it went.
func sendAs(t *testing.T, s *mcp.ClientSession, key string) (outcome, text string) {
	t.Helper()
	arguments := textTo("+15559876543")
	if key != "" {
		arguments["idempotency_key"] = key
	}
	r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: arguments})
	if err != nil {
		t.Error(err)
		return "", ""
	}
	outcome, _ = r.Meta["chat.clerk/disposition"].(string)
	content, _ := r.Content[0].(*mcp.TextContent)
	return outcome, content.Text
}

// Ann and Ben, of two teams or with two keys of one, send the same text at the same time. Each
// request waits at the API for the other one, so both are answered only if neither waits for its
// turn.
func TestEqualTextsOfTwoTenantsGoAtOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		credential, annsKey, bensKey, bens string
	}{
		"linked, two teams":        {"linked", sandbox.Key, sandbox.KeyGlobex, "not_executed"}, // the number is not his team's
		"linked, keys of one team": {"linked", sandbox.Key, secondKey, "executed"},
		"login":                    {"login", "", "", "not_executed"},
		"exchange":                 {"exchange", "", "", "not_executed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown *recorder
			world := signIn(t, tc.credential, func(c *config.Config) {
				through(t, &shown)(c)
				if tc.credential != "exchange" {
					c.ExchangeAudience = ""
				}
			})
			shown.holding(sameTeam)
			ann := world.as(t, "ann", tc.annsKey).connect(t, "2025-11-25")
			ben := world.as(t, "ben", tc.bensKey).connect(t, "2025-11-25")
			var mu sync.Mutex
			both, waiting := make(chan struct{}), 0
			shown.holding(func(r *http.Request) {
				sameTeam(r)
				if r.Method != http.MethodPost || r.URL.Path != "/public/messages" {
					return
				}
				mu.Lock()
				if waiting++; waiting == 2 {
					close(both)
				}
				mu.Unlock()
				select {
				case <-both:
				case <-r.Context().Done():
				}
			})
			var all sync.WaitGroup
			for _, person := range []struct {
				session   *mcp.ClientSession
				key, want string
			}{{ann, "anns", "executed"}, {ben, "bens", tc.bens}} {
				all.Go(func() {
					outcome, text := sendAs(t, person.session, person.key)
					if outcome != person.want || strings.Contains(text, "nother message") {
						t.Errorf("%s: %s %s; want %s", person.key, outcome, text, person.want)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestAMessageOfAnotherKeyOfTheTeamIsNotTakenForOnesOwn(t *testing.T) {
	t.Parallel()
	var shown *recorder
	world := signIn(t, "linked", func(c *config.Config) { through(t, &shown)(c); c.ExchangeAudience, c.SettleTime = "", time.Millisecond })
	shown.holding(sameTeam)
	ann := world.as(t, "ann", sandbox.Key).connect(t, "2025-11-25")
	ben := world.as(t, "ben", secondKey).connect(t, "2025-11-25")
	if outcome, text := sendAs(t, ann, "k"); outcome != "executed" {
		t.Fatalf("%s %s", outcome, text)
	}
	request(t, http.MethodPut, world.sandbox+"/_sandbox/faults", `{"operation":"sendMessage","kind":"drop_before_commit"}`,
		"Content-Type", "application/json")
	if outcome, text := sendAs(t, ben, "k"); outcome != "not_found_yet" { // he sees hers
		t.Errorf("%s %s", outcome, text)
	}
	if n := world.sent(t); n != 1 {
		t.Errorf("%d messages; want 1", n)
	}
}

func TestAReplacedAPIKeyChangesNothingUnderAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	t.Run("of the workspace", func(t *testing.T) {
		t.Parallel()
		var shown *recorder
		p := newPair(t, func(c *config.Config) { through(t, &shown)(c); c.ExchangeAudience = "" })
		shown.holding(sameTeam)
		p.want(t, 0, "k", "executed")
		p.cfg.ClerkAPIKey = secondKey
		s, err := connect(t, runAt(t, p.cfg)+"/mcp", "", "2025-11-25")
		if err != nil {
			t.Fatal(err)
		}
		if outcome, text := sendAs(t, s, "k"); outcome != "replayed" {
			t.Errorf("%s %s", outcome, text)
		}
		if outcome, text := sendAs(t, s, "new"); outcome != "executed" || shown.keys[len(shown.keys)-1] != secondKey {
			t.Errorf("%s %s", outcome, text)
		}
	})
	t.Run("of a person", func(t *testing.T) {
		t.Parallel()
		world, shown := link(t)
		shown.holding(sameTeam)
		session := world.connect(t, "2025-11-25")
		if outcome, text := sendAs(t, session, "k"); outcome != "executed" {
			t.Fatalf("%s %s", outcome, text)
		}
		world.fault(t, "findMessages", http.StatusUnauthorized, 3) // the call, the second look, and the one at the sign-in
		world.key = secondKey
		if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
			t.Fatalf("%+v %v", result, err)
		}
		if outcome, text := sendAs(t, session, "k"); outcome != "replayed" {
			t.Errorf("%s %s", outcome, text)
		}
		if outcome, text := sendAs(t, session, "new"); outcome != "executed" || shown.keys[len(shown.keys)-1] != secondKey {
			t.Errorf("%s %s", outcome, text)
		}
		if n := world.sent(t); n != 2 {
			t.Errorf("%d messages; want 2", n)
		}
	})
}

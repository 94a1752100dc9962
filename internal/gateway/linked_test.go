package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

func read() *mcp.CallToolParams { return &mcp.CallToolParams{Name: "get_messages"} }

// link is a world in which Ann has a key of her own, and what the API is shown in it.
func link(t *testing.T) (*signedIn, *recorder) {
	t.Helper()
	var shown *recorder
	world := signIn(t, "linked", func(c *config.Config) {
		through(t, &shown)(c)
		c.ExchangeAudience = ""
	})
	world.key = sandbox.Key
	return world, shown
}

// fault makes an operation of the API fail the next times, without its being tried again.
func (s *signedIn) fault(t *testing.T, operation string, status, count int) {
	t.Helper()
	a := request(t, http.MethodPut, s.sandbox+"/_sandbox/faults", fmt.Sprintf(
		`{"operation":%q,"kind":"status","status":%d,"count":%d,"retry_after":60}`, operation, status, count), "Content-Type", "application/json")
	if a.status >= 300 {
		t.Fatalf("%d %s", a.status, a.body)
	}
}

func TestCallsAreMadeWithThePersonsOwnKey(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			world, shown := link(t)
			var token string
			world.http.Transport = spy{world.http.Transport, &token}
			session := world.connect(t, version)
			for range 2 { // on both replicas
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			// Another client of the same person is not asked again.
			world.key = "would be refused"
			if result, err := world.connect(t, version).CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Fatalf("another client: %+v %v", result, err)
			}
			if len(shown.bearers) > 0 || len(shown.keys) != 4 || token == "" || strings.Contains(shown.heard.String(), token) {
				t.Errorf("the API was shown %d keys and %d tokens", len(shown.keys), len(shown.bearers))
			}
			if keys := fmt.Sprint(world.redis.Do("KEYS", "gw:k:*")); !strings.Contains(keys, "gw:k:") || strings.Contains(keys, "ann") {
				t.Errorf("stored under %s", keys)
			}
		})
	}
}

func TestAKeyIsTestedAtTheAPIBeforeTheClientGetsItsAnswer(t *testing.T) {
	t.Parallel()
	world, _ := link(t)
	world.key = "not-a-key-of-anybody"
	var pages []string
	q := authtest.Person{Transport: world.http.Transport, Key: world.key, Fill: func(page string, form url.Values) {
		if !form.Has("key") {
			return
		}
		pages = append(pages, page)
		switch len(pages) {
		case 2:
			world.fault(t, "findMessages", http.StatusServiceUnavailable, 1)
			form.Set("key", sandbox.Key)
		case 3:
			form.Set("key", sandbox.Key)
		}
	}}.Allow(t, world.authorizeURL(t), clientRedirect)
	if len(pages) != 3 || q.Get("code") == "" {
		t.Fatalf("%d pages, then %v", len(pages), q)
	}
	for i, want := range []string{"API key", "does not accept this key", "could not be reached to test the key, so it was not kept"} {
		if !strings.Contains(pages[i], want) || strings.Contains(pages[i], world.key) || strings.Contains(pages[i], sandbox.Key) {
			t.Errorf("page %d does not say %q, or shows the key: %s", i+1, want, pages[i])
		}
	}
}

// authorizeURL is the beginning of a sign-in of a client that registered itself.
func (s *signedIn) authorizeURL(t *testing.T) string {
	t.Helper()
	return s.base + "/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {s.register(t).id}, "redirect_uri": {clientRedirect}, "scope": {"messages:read"},
		"resource": {s.base + "/mcp"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode()
}

func TestEmptyStoreCostsOneChallengeAndOneKeyEntry(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(*signedIn){
		"everything": func(s *signedIn) { s.redis.Do("FLUSHALL") },
		"the key": func(s *signedIn) {
			s.redis.Do("EVAL", "return redis.call('DEL', unpack(redis.call('KEYS', 'gw:k:*')))", "0")
		},
	} {
		for version, era := range map[string]string{"2025-11-25": "legacy", "": "modern"} {
			t.Run(name+", "+era, func(t *testing.T) {
				world, _ := link(t)
				session := world.connect(t, version)
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
				forget(world)
				seen := world.watch()
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Errorf("%+v %v", result, err)
				}
				seen.saw(t, 1, 1)
				if n := world.sent(t); n != 2 {
					t.Errorf("%d messages, want 2", n)
				}
			})
		}
	}
}

func TestAKeyThatTheAPIRefusesIsReplacedAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	world, shown := link(t)
	session := world.connect(t, "2025-11-25")
	world.fault(t, "findMessages", http.StatusUnauthorized, 3) // the call, the second look, and the one at the sign-in
	world.key = sandbox.KeyGlobex
	seen := world.watch()
	if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	seen.saw(t, 1, 1)
	if last := shown.keys[len(shown.keys)-1]; last != sandbox.KeyGlobex {
		t.Error("the call was not made with the new key")
	}
}

func TestA401ThatIsNotAboutTheKeyCostsNobodyTheirKey(t *testing.T) {
	t.Parallel()
	world, _ := link(t)
	session := world.connect(t, "2025-11-25")
	world.fault(t, "sendMessage", http.StatusUnauthorized, 1)
	seen := world.watch()
	result, err := session.CallTool(t.Context(), send())
	if err != nil || !result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	if result, err = session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	seen.saw(t, 0, 0)
}

func TestAKeyIsReplacedOnItsPageWithConfirmationOnly(t *testing.T) {
	t.Parallel()
	world, shown := link(t)
	session := world.connect(t, "2025-11-25")
	confirm := false
	ann := authtest.Person{Transport: world.http.Transport, Key: sandbox.KeyGlobex, Fill: func(page string, form url.Values) {
		if strings.Contains(page, sandbox.Key) {
			t.Error("the page shows the key")
		}
		if confirm = !confirm; confirm { // not at first
			form.Del("replaces")
		} else if !strings.Contains(page, "Tick the box below") {
			t.Errorf("without confirmation: %s", page)
		}
	}}
	if page := ann.Visit(t, world.base+"/account/key"); !strings.Contains(page, "Your key is linked") {
		t.Fatal(page)
	}
	if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	if last := shown.keys[len(shown.keys)-1]; last != sandbox.KeyGlobex {
		t.Error("the next call is not made with the new key")
	}
}

func TestRemovedKeyEndsCallsAndOneSignInAsksForAnother(t *testing.T) {
	t.Parallel()
	world, shown := link(t)
	session := world.connect(t, "2025-11-25")
	for range 2 { // each replica knows it
		if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
			t.Fatalf("%+v %v", result, err)
		}
	}
	ann := authtest.Person{Transport: world.http.Transport, Fill: func(_ string, form url.Values) {
		form.Set("decision", "remove")
		form.Set("removes", form.Get("replaces"))
	}}
	if page := ann.Visit(t, world.base+"/account/key"); !strings.Contains(page, "Your key was removed") {
		t.Fatal(page)
	}
	world.key = sandbox.KeyGlobex
	seen := world.watch()
	for range 2 {
		if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
			t.Errorf("%+v %v", result, err)
		}
		if last := shown.keys[len(shown.keys)-1]; last != sandbox.KeyGlobex {
			t.Error("a call was made with the key that was removed")
		}
	}
	seen.saw(t, 1, 1)
}

func TestAnotherPersonHasNoPartInAKey(t *testing.T) {
	t.Parallel()
	world, shown := link(t)
	if result, err := world.connect(t, "2025-11-25").CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc", `{"auto_approve":"ben"}`, "Content-Type", "application/json")
	world.key = sandbox.KeyGlobex
	session := world.connect(t, "2025-11-25")
	if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	if last := shown.keys[len(shown.keys)-1]; last != sandbox.KeyGlobex {
		t.Error("Ben's call was made with another key than his")
	}
}

func TestRedisThatIsDownTakesNoLinkedKeyThatIsInUse(t *testing.T) {
	t.Parallel()
	world, _ := link(t)
	session := world.connect(t, "2025-11-25")
	for range 2 { // each replica knows it
		if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
			t.Fatalf("%+v %v", result, err)
		}
	}
	world.redis.Kill()
	seen := world.watch()
	if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	seen.saw(t, 0, 0)
}

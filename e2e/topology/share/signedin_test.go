//go:build unix

package share_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

func TestARevokedTokenIsRefusedUnderLoad(t *testing.T) {
	connections, calls := size(1500, 300), size(5000, 1000)
	redis, sandbox := redistest.Start(t), newSandbox(t)
	gateway := serve(t, signInAt(sandbox, redis.URL(), "--clerk-url", sandbox.url)...)
	ann := newProgram(t, gateway)
	ann.signIn("ann")
	if a := ann.post(reading(0)); !a.served() {
		t.Fatalf("before it is revoked: %s", a.text())
	}
	if a := ann.revoke(); a.status != http.StatusOK {
		t.Fatalf("revoking: %s", a.text())
	}
	for _, tt := range []struct {
		name               string
		breaks             func(*redistest.Server)
		connections, calls int
	}{
		{"and Redis is well", nil, connections, calls},
		{"and Redis hangs", (*redistest.Server).Stop, 50, 100},
		{"and Redis is gone", (*redistest.Server).Kill, 50, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.breaks != nil {
				tt.breaks(redis)
			}
			made := flood(tt.connections, upTo(tt.calls), func(n int) answer {
				if n%2 == 0 {
					return ann.post(reading(n))
				}
				return ann.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`, n))
			})
			figure(t, "a revoked token, %d connections, %d calls: %v", tt.connections, tt.calls, made)
			if passed := made.count(func(a answer) bool { return a.status == http.StatusOK }); passed > 0 {
				t.Errorf("%d calls of %d were answered 200:\n%s", passed, tt.calls, made.sample())
			}
			if other := made.count(func(a answer) bool {
				return a.status != http.StatusUnauthorized && !toldWhen(http.StatusServiceUnavailable)(a)
			}); other > 0 {
				t.Errorf("%d were neither challenged nor told when to come again: %v\n%s", other, made, made.sample())
			}
		})
	}
}

// What proves nothing is counted apart from what the gateway itself has sealed or signed.
func TestJunkHindersNoRefresh(t *testing.T) {
	junk := size(1200, 700) // in less than a minute; an address has 600
	redis, sandbox := redistest.Start(t), newSandbox(t)
	gateway := serve(t, signInAt(sandbox, redis.URL(), "--clerk-url", sandbox.url)...)
	ann := newProgram(t, gateway)
	ann.signIn("ann")
	stranger := newProgram(t, gateway)
	made := flood(50, upTo(junk), func(n int) answer {
		values := url.Values{"client_id": {[]string{stranger.id, "made-up", ann.id}[n%3]}}
		path := "/oauth/token"
		switch n % 4 {
		case 0:
			values.Set("grant_type", "refresh_token")
			values.Set("refresh_token", fmt.Sprintf("%x", rand.Uint64()))
		case 1:
			values.Set("grant_type", "authorization_code")
			values.Set("code", fmt.Sprintf("%x", rand.Uint64()))
			values.Set("redirect_uri", redirect)
			values.Set("code_verifier", strings.Repeat("v", 43))
		case 2:
			values.Set("grant_type", "junk")
		case 3:
			path = "/oauth/revoke"
			values.Set("token", fmt.Sprintf("%x", rand.Uint64()))
		}
		header := []string{"Content-Type", form}
		if n%2 == 0 { // a web page that its visitors do not know of
			header = append(header, "Origin", "https://evil.example")
		}
		return stranger.do(http.MethodPost, path, values.Encode(), header...)
	})
	refreshes := flood(1, upTo(5), func(int) answer { return ann.renew() })
	revocation := ann.revoke()
	figure(t, "%d pieces of junk: %v; then %d refreshes: %v, and a revocation: %s", junk, made, len(refreshes.answers), refreshes, revocation.kind())
	if refused := len(refreshes.answers) - refreshes.count(func(a answer) bool { return a.status == http.StatusOK }); refused > 0 {
		t.Errorf("%d refreshes were refused:\n%s", refused, refreshes.sample())
	}
	if revocation.status != http.StatusOK {
		t.Errorf("the revocation was refused: %s", revocation.text())
	}
	if taken := made.count(func(a answer) bool { return a.status == http.StatusOK && strings.Contains(string(a.body), "_token") }); taken > 0 {
		t.Errorf("junk got %d tokens", taken)
	}
}

// An approval costs nobody an account, so it must not cost the store anything either.
func TestConsentPagesStoreNothing(t *testing.T) {
	pages := size(3000, 50)
	redis, sandbox := redistest.Start(t), newSandbox(t)
	gateway := serve(t, signInAt(sandbox, redis.URL(), "--clerk-url", sandbox.url, "--limit-oauth", "0")...)
	stranger := newProgram(t, gateway)
	state := strings.Repeat("s", 1000)
	if a := stranger.approve(state); !a.leadsToProvider() {
		t.Fatalf("the first page: %s", a.text())
	}
	keys, memory := stored(t, redis)
	approved := flood(20, upTo(pages), func(int) answer { return stranger.approve(state) })
	moreKeys, moreMemory := stored(t, redis)

	median, _ := approved.latency()
	figure(t, "%d approved consent pages: %d keys and %d kB more in Redis; median %v", pages, moreKeys-keys, (moreMemory-memory)/kB, median)
	if n := approved.count(answer.leadsToProvider); n != pages {
		t.Errorf("only %d of them were approved: %v\n%s", n, approved, approved.sample())
	}
	const housekeeping = 5 // keys that come and go whatever the pages do
	if moreKeys > keys+housekeeping {
		t.Errorf("they left %d keys behind", moreKeys-keys)
	}
	const buffers = 2 << 20 // of connections
	if moreMemory > memory+buffers {
		t.Errorf("they left %d kB behind", (moreMemory-memory)/kB)
	}
}

// stored is how many keys Redis has and how many bytes it takes.
func stored(t *testing.T, redis *redistest.Server) (keys, memory int) {
	t.Helper()
	n, _ := redis.Do("DBSIZE").(int64)
	info, _ := redis.Do("INFO", "memory").(string)
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, "used_memory:"); ok {
			memory = number(t, strings.TrimSpace(value))
		}
	}
	return int(n), memory
}

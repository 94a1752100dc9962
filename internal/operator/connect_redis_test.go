package operator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func TestConnectAsksRedis(t *testing.T) {
	t.Parallel()
	const setting = "--redis-url (GATEWAY_REDIS_URL)"
	const reach, writes, epoch, durability = "redis", "redis writes", "redis epoch", "redis durability"
	sound := []string{"--appendonly", "yes", "--appendfsync", "always"}
	only := func(f finding) map[string]finding { return map[string]finding{reach: f} }
	for name, tt := range map[string]struct {
		args []string
		edit func(*redistest.Server)
		url  func(address string) string // default: redis:// and the address
		want map[string]finding
	}{
		"as it should be": {args: sound, want: map[string]finding{
			reach: fine, writes: fine, epoch: {operator.ResultOK, "no records", ""}, durability: fine,
		}},
		"settings that lose data": {want: map[string]finding{
			reach: fine, writes: fine, epoch: fine, durability: {operator.ResultWarning, "appendonly is not yes", "appendonly yes"},
		}},
		"nothing listens": {edit: (*redistest.Server).Kill, want: only(failed("refuses the connection", setting))},
		"no answer":       {edit: (*redistest.Server).Stop, want: only(failed("does not answer in time", setting))},
		"no password":     {args: []string{"--requirepass", "pa55word"}, want: only(failed("refuses the user or password", setting))},
		"a wrong password": {
			args: []string{"--requirepass", "another"}, url: func(a string) string { return "redis://:pa55word@" + a },
			want: only(failed("refuses the user or password", setting)),
		},
		"not TLS": {url: func(a string) string { return "rediss://" + a }, want: only(failed("does not answer in time", "rediss://"))},
		"a replica": {args: append([]string{"--replicaof", "127.0.0.1 1"}, sound...), want: map[string]finding{
			reach: fine, writes: failed("refuses writes: it is a replica", setting), epoch: fine, durability: fine,
		}},
		"too few replicas": {args: append([]string{"--min-replicas-to-write", "1"}, sound...), want: map[string]finding{
			reach: fine, writes: failed("refuses writes", setting), epoch: fine, durability: fine,
		}},
		"full": {args: append([]string{"--maxmemory", "1"}, sound...), want: map[string]finding{
			reach: fine, writes: failed("its memory is full", "maxmemory"), epoch: fine, durability: fine,
		}},
		"no scripts": {args: sound, edit: func(s *redistest.Server) { s.Do("ACL", "SETUSER", "default", "-@scripting") }, want: map[string]finding{
			reach: fine, writes: failed("its ACL forbids", setting), epoch: fine, durability: fine,
		}},
		"records of others": {args: sound, edit: func(s *redistest.Server) { s.Do("SET", "gw:e:epoch", "sealed by somebody else") }, want: map[string]finding{
			reach: fine, writes: fine, epoch: failed("another secret", "--secret (GATEWAY_SECRET)"), durability: fine,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server, cfg := redistest.Start(t, tt.args...), valid(t)
			cfg.RedisURL = config.Secret(server.URL())
			if tt.url != nil {
				cfg.RedisURL = config.Secret(tt.url(server.Addr))
			}
			if tt.edit != nil {
				tt.edit(server)
			}
			opts := operator.ConnectOptions{Config: cfg}
			if name == "no answer" || name == "not TLS" { // a server waits for a whole line
				opts.Timeout = short
			}
			got := probe(t, opts)
			delete(got, "rest api")
			expect(t, got, tt.want)
		})
	}
}

// What gateways keep in Redis stays as it is, and is read with any of the secrets that are given.
func TestConnectReadsTheEpochAndLeavesIt(t *testing.T) {
	t.Parallel()
	const ours, theirs = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	born := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		secrets []config.Secret
		lost    time.Time
		missed  bool // keys of before the loss may be missed still
		want    finding
	}{
		"with its secret":       {secrets: []config.Secret{theirs}, want: finding{operator.ResultOK, "since 2026-11-20T08:00:00Z", ""}},
		"with it among others":  {secrets: []config.Secret{ours, theirs}, want: fine},
		"with another":          {secrets: []config.Secret{ours}, want: failed("another secret", "--secret (GATEWAY_SECRET)")},
		"lost a moment ago":     {secrets: []config.Secret{theirs}, lost: born, missed: true, want: finding{operator.ResultWarning, "lost", "idempotency_key"}},
		"lost a long time ago":  {secrets: []config.Secret{theirs}, lost: born, want: fine},
		"lost, another's":       {secrets: []config.Secret{ours}, lost: born, missed: true, want: failed("another secret", "")},
		"lost, its and another": {secrets: []config.Secret{ours, theirs}, lost: born, missed: true, want: finding{operator.ResultWarning, "lost", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			server, cfg := redistest.Start(t), valid(t)
			cfg.RedisURL, cfg.Secrets = config.Secret(server.URL()), tt.secrets
			keys, err := seal.New([]byte(theirs))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := json.Marshal(map[string]any{"id": "one", "born": born, "lost": tt.lost})
			if err != nil {
				t.Fatal(err)
			}
			sealed := string(keys.Sealer("once").Seal(plain, []byte("epoch")))
			server.Do("SET", "gw:e:epoch", sealed)
			if tt.missed {
				server.Do("SET", "gw:e:lost", "1")
			}
			got := probe(t, operator.ConnectOptions{Config: cfg})["redis epoch"]
			expect(t, map[string]operator.Connection{"redis epoch": got}, map[string]finding{"redis epoch": tt.want})
			if now := server.Do("GET", "gw:e:epoch"); now != sealed {
				t.Error("the epoch was changed")
			}
			if left, _ := server.Do("PTTL", "gw:check").(int64); left <= 0 || left > 10_000 {
				t.Errorf("the key of the check lives for %d ms", left)
			}
			for _, key := range server.Do("KEYS", "*").([]any) {
				if name, _ := key.(string); name != "gw:check" && !strings.HasPrefix(name, "gw:e:") {
					t.Errorf("%s was written", name)
				}
			}
		})
	}
}

package config_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// margins are how much of an access token's life is left when a client asks for the next one, at
// most, as observed with real clients. One whose margin is as long as a token lives asks before
// every request.
var margins = map[string]time.Duration{
	"Claude Code": 5 * time.Minute, "Gemini CLI": 5 * time.Minute,
	"mcpc": 0, "Codex": 0, "mcp-remote": 0, "mcporter": 0, "AI SDK": 0, "LangChain": 0, "Mastra": 0, "OpenAI Agents": 0,
}

// byDefault is the default of a duration's flag.
func byDefault(t *testing.T, field string) time.Duration {
	t.Helper()
	f, ok := reflect.TypeFor[config.Config]().FieldByName(field)
	if !ok {
		t.Fatalf("no field %s", field)
	}
	d, err := time.ParseDuration(f.Tag.Get("default"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAccessTokensOutliveEveryClientsMargin(t *testing.T) {
	life, grace := byDefault(t, "AccessTokenLife"), byDefault(t, "RefreshGrace")
	for client, margin := range margins {
		for _, l := range []time.Duration{life, 10 * time.Minute} { // the default, and the shortest that is allowed
			if l <= margin {
				t.Errorf("%s refreshes before every request with a life of %s", client, l)
			}
		}
	}
	if grace > life/2 {
		t.Errorf("a grace period of %s is more than half of %s", grace, life)
	}
}

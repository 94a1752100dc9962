//go:build unix

package topology_test

import (
	"crypto/rand"
	"maps"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// setting is a variable of a service, "" if it is not set.
func setting(t *testing.T, env []string, service, name string) string {
	t.Helper()
	v := compose(t, env...).Services[service].Environment[name]
	if v == nil {
		return ""
	}
	return *v
}

// variables are those of `gateway serve`.
func variables() map[string]bool {
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[s.Variable] = true
	}
	return known
}

func TestReplicasAreAlike(t *testing.T) {
	project := compose(t)
	first := project.Services[replicas[0]]
	for _, name := range replicas[1:] {
		s := project.Services[name]
		s.Name = first.Name
		if !reflect.DeepEqual(first, s) {
			t.Errorf("%s differs from %s", name, first.Name)
		}
	}
}

func TestReplicasAreGivenVariablesThatTheGatewayKnows(t *testing.T) {
	known := variables()
	for name := range compose(t).Services[replicas[0]].Environment {
		if !known[name] {
			t.Errorf("the gateway has no variable %s", name)
		}
	}
}

func TestWithoutEnvFileTheSandboxIsTheBackend(t *testing.T) {
	for name, want := range map[string]string{
		"CLERK_API_URL": "http://sandbox:8081", "CLERK_API_KEY": "sandbox-key",
		"GATEWAY_PUBLIC_URL": "http://127.0.0.1:8080", "GATEWAY_REDIS_URL": "redis://redis:6379/0",
	} {
		if got := setting(t, nil, replicas[0], name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestDefaultSecretIsLongEnoughAndCannotBeMistakenForARealOne(t *testing.T) {
	secret := setting(t, nil, replicas[0], "GATEWAY_SECRET")
	if len(secret) < config.MinSecretLength {
		t.Errorf("it has %d characters", len(secret))
	}
	if !strings.Contains(secret, "INSECURE") || !strings.Contains(secret, "DEMO") {
		t.Errorf("%q does not say what it is", secret)
	}
}

func TestARealBackendNeedsASecretOfItsOwn(t *testing.T) {
	binary := build(t)
	for name, tt := range map[string]struct {
		secret string
		works  bool
	}{
		"none":       {"", false},
		"of its own": {"GATEWAY_SECRET=" + rand.Text() + rand.Text(), true},
		"easy":       {"GATEWAY_SECRET=" + strings.Repeat("s", config.MinSecretLength), false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), binary, "check")
			project := compose(t, "CLERK_API_URL=https://api.example.com", "CLERK_API_KEY=real", tt.secret)
			for name, value := range project.Services[replicas[0]].Environment {
				cmd.Env = append(cmd.Env, name+"="+*value)
			}
			out, err := cmd.CombinedOutput()
			if works := err == nil; works != tt.works {
				t.Errorf("works: %v\n%s", works, out)
			}
			if !tt.works && !strings.Contains(string(out), "GATEWAY_SECRET") {
				t.Errorf("it does not say what to set:\n%s", out)
			}
		})
	}
}

func TestEnvFileOverridesTheDefaultsAndReachesEveryReplica(t *testing.T) {
	env := []string{
		"CLERK_API_URL=https://api.example.com", "CLERK_API_KEY=real", "GATEWAY_SECRET=" + strings.Repeat("s", 40),
		"GATEWAY_PUBLIC_URL=https://mcp.example.com", "GATEWAY_REDIS_URL=rediss://r.example.com:6380/1",
		"GATEWAY_LOG_LEVEL=debug", // which docker-compose.yml does not mention
	}
	project := compose(t, env...)
	for _, replica := range replicas {
		for _, line := range env {
			name, want, _ := strings.Cut(line, "=")
			if got := project.Services[replica].Environment[name]; got == nil || *got != want {
				t.Errorf("%s: %s is %v, want %s", replica, name, got, want)
			}
		}
	}
}

func TestEnvFileCannotMoveAReplicaOffItsPort(t *testing.T) {
	if got := setting(t, []string{"GATEWAY_LISTEN=127.0.0.1:9999"}, replicas[0], "GATEWAY_LISTEN"); got != "0.0.0.0:8080" {
		t.Errorf("listens on %s, where the balancer does not look", got)
	}
}

func TestBalancerKnowsEveryReplica(t *testing.T) {
	environment := compose(t).Services["balancer"].Environment
	var got []string
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if strings.HasPrefix(name, "REPLICA_") {
			got = append(got, strings.TrimSuffix(*environment[name], ":8080"))
		}
	}
	if !slices.Equal(got, replicas) {
		t.Errorf("it knows %v", got)
	}
}

func TestExampleEnvFileNamesVariablesThatExist(t *testing.T) {
	known := variables()
	text := read(t, "docker-compose.yml")
	lines := regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]+)=(.*)$`).FindAllStringSubmatch(read(t, ".env.example"), -1)
	if len(lines) < 5 {
		t.Fatalf("found %d variables", len(lines))
	}
	var env []string
	for _, line := range lines {
		name := line[1]
		if !known[name] && !strings.Contains(text, "${"+name) {
			t.Errorf("nothing reads %s", name)
		}
		env = append(env, name+"="+line[2])
	}
	compose(t, env...)
}

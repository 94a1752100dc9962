//go:build unix

package topology_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/e2e/topology"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// root is the repository's.
const root = "../.."

func TestMain(m *testing.M) { testkit.Main(tests{m}) }

// tests closes the connections that tests leave open for each other.
type tests struct{ *testing.M }

func (m tests) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

// replicas are the services that are the gateway.
var replicas = []string{"gateway-1", "gateway-2", "gateway-3"}

// compose reads the repository's docker-compose.yml in a directory of its own, with these lines as
// .env.
func compose(t *testing.T, env ...string) *types.Project {
	t.Helper()
	project, err := topology.Project(t.Context(), copyOf(t, env...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// copyOf puts docker-compose.yml and what it mounts into a directory, so that nobody's own .env has
// a say.
func copyOf(t *testing.T, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "deploy"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker-compose.yml", "deploy/haproxy.cfg"} {
		write(t, filepath.Join(dir, name), read(t, name))
	}
	if len(env) > 0 {
		write(t, filepath.Join(dir, ".env"), strings.Join(env, "\n")+"\n")
	}
	return dir
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestComposeFileFollowsItsSpecification(t *testing.T) {
	compose(t)
}

func TestComposeFileAgainstTheSpecificationIsARealCheck(t *testing.T) {
	for name, change := range map[string][2]string{
		"an unknown key":     {"    stop_signal: SIGUSR1\n", "    stop_signl: SIGUSR1\n"},
		"an unknown service": {"      gateway-3: {condition", "      gateway-4: {condition"},
		"an unknown volume":  {`["redis-data:/data"]`, `["redis-dta:/data"]`},
		"an unknown network": {"networks: [store]\n    healthcheck", "networks: [stor]\n    healthcheck"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t)
			text := read(t, "docker-compose.yml")
			changed := strings.Replace(text, change[0], change[1], 1)
			if changed == text {
				t.Fatalf("docker-compose.yml no longer has %q", change[0])
			}
			write(t, filepath.Join(dir, "docker-compose.yml"), changed)
			if _, err := topology.Project(t.Context(), dir, nil); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestTopologyIsABalancerThreeReplicasRedisAndTheSandbox(t *testing.T) {
	want := append([]string{"balancer", "redis", "sandbox"}, replicas...)
	slices.Sort(want)
	project := compose(t)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(project.Services))); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	for name, s := range project.Services {
		if s.GetScale() != 1 {
			t.Errorf("%s runs %d times", name, s.GetScale())
		}
	}
}

func TestEveryServiceIsConfined(t *testing.T) {
	for name, s := range compose(t).Services {
		if !s.ReadOnly {
			t.Errorf("%s can write to its image", name)
		}
		if !slices.Contains(s.CapDrop, "ALL") || len(s.CapAdd) > 0 || s.Privileged {
			t.Errorf("%s has capabilities", name)
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s can gain privileges", name)
		}
		if s.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s is restarted %q", name, s.Restart)
		}
		if s.HealthCheck == nil || len(s.HealthCheck.Test) < 2 {
			t.Errorf("%s has no health check", name)
		}
		if s.StopGracePeriod == nil {
			t.Errorf("%s has no time to stop", name)
		}
		if s.Build == nil && !ours(s) && !regexp.MustCompile(`^[a-z]+:\d+\.\d+\.\d+-alpine$`).MatchString(s.Image) {
			t.Errorf("%s runs %s, which is not an exact version", name, s.Image)
		}
		// Our own image says it itself; see TestImageRunsAsNobody.
		if user, _, _ := strings.Cut(s.User, ":"); !ours(s) && (user == "" || user == "0" || user == "root") {
			t.Errorf("%s runs as %q", name, s.User)
		}
	}
}

func ours(s types.ServiceConfig) bool { return strings.HasPrefix(s.Image, "clerk-mcp-gateway:") }

func TestNothingOfTheHostIsMountedButTheBalancersConfiguration(t *testing.T) {
	var mounted []string
	for name, s := range compose(t).Services {
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeVolume {
				mounted = append(mounted, name+" "+filepath.Base(v.Source)+" "+v.Target)
				if !v.ReadOnly {
					t.Errorf("%s can write to %s", name, v.Source)
				}
			}
		}
	}
	if diff := cmp.Diff([]string{"balancer haproxy.cfg /usr/local/etc/haproxy/haproxy.cfg"}, mounted); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}

func TestPortsArePublishedOnThisMachineOnly(t *testing.T) {
	got := map[string]string{}
	for name, s := range compose(t, "BALANCER_PORT=18080").Services {
		for _, p := range s.Ports {
			got[name] = p.HostIP + ":" + p.Published
		}
		if s.NetworkMode != "" {
			t.Errorf("%s has network mode %s", name, s.NetworkMode)
		}
	}
	want := map[string]string{"balancer": "127.0.0.1:18080", "sandbox": "127.0.0.1:8081"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

func TestRedisKeepsWhatItAcknowledges(t *testing.T) {
	s := compose(t).Services["redis"]
	for flag, want := range map[string]string{
		"--appendonly": "yes", "--appendfsync": "always", "--maxmemory-policy": "noeviction", "--maxmemory": "512mb",
	} {
		i := slices.Index(s.Command, flag)
		if i < 0 || s.Command[i+1] != want {
			t.Errorf("%s is not %s: %q", flag, want, s.Command)
		}
	}
	if len(s.Volumes) != 1 || s.Volumes[0].Type != types.VolumeTypeVolume || s.Volumes[0].Target != "/data" {
		t.Errorf("volumes %v, want one at /data", s.Volumes)
	}
	if networks := slices.Collect(maps.Keys(s.Networks)); !slices.Equal(networks, []string{"store"}) {
		t.Errorf("networks %v", networks)
	}
}

func TestStoreNetworkReachesNobody(t *testing.T) {
	if !compose(t).Networks["store"].Internal {
		t.Error("the network of Redis is not internal")
	}
}

func TestReplicasHaveTimeToDrain(t *testing.T) {
	drain := defaultOf(t, "DrainDelay") + defaultOf(t, "ShutdownTimeout")
	project := compose(t)
	for _, name := range append([]string{"balancer"}, replicas...) {
		if grace := time.Duration(*project.Services[name].StopGracePeriod); grace <= drain {
			t.Errorf("%s is killed after %s, but takes %s to drain", name, grace, drain)
		}
	}
}

// defaultOf is the default of a duration in the gateway's configuration.
func defaultOf(t *testing.T, field string) time.Duration {
	t.Helper()
	f, ok := reflect.TypeFor[config.Config]().FieldByName(field)
	if !ok {
		t.Fatalf("there is no setting %s", field)
	}
	d, err := time.ParseDuration(f.Tag.Get("default"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
